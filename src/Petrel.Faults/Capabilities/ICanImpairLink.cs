using Petrel.Faults.Links;

namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose messages can be delayed, lost, duplicated and reordered.</summary>
public interface ICanImpairLink
{
    /// <summary>Makes the link between the server and a process worse; those of all processes when the name is empty.</summary>
    ValueTask<IAsyncDisposable?> ImpairLinkAsync(string process, LinkConditions conditions, CancellationToken cancellationToken);
}
