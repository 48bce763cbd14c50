namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose containers can be made to exit.</summary>
public interface ICanEndContainers
{
    /// <summary>One of the node's running containers exits.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="choice">Which one: its index among the running containers, modulo their number.</param>
    /// <param name="exitCode">Its exit code.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask EndContainerAsync(string node, int choice, int exitCode, CancellationToken cancellationToken);
}
