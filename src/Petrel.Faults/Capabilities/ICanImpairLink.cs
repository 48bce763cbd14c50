using Petrel.Faults.Links;

namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose messages can be delayed, lost, duplicated and reordered.</summary>
public interface ICanImpairLink
{
    /// <summary>Impairs the link between the server and a process. An empty name stands for all processes.</summary>
    ValueTask<IAsyncDisposable?> ImpairLinkAsync(string process, LinkConditions conditions, CancellationToken cancellationToken);
}
