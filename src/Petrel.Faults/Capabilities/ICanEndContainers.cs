namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose containers can be made to exit.</summary>
public interface ICanEndContainers
{
    /// <summary>Makes one of the node's running containers exit.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="choice">Selects the container: its index among the running containers, modulo their number.</param>
    /// <param name="exitCode">The container's exit code.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask EndContainerAsync(string node, int choice, int exitCode, CancellationToken cancellationToken);
}
