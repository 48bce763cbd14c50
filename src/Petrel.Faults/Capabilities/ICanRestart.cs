namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose processes can be killed and started again.</summary>
public interface ICanRestart
{
    /// <summary>Kills a process at once, as <c>kill -9</c> does. The end of the effect restarts it, unless its node has no power.</summary>
    /// <param name="process">A name of <see cref="ClusterProcess"/>, or a node's name for its agent.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<IAsyncDisposable?> KillAsync(string process, CancellationToken cancellationToken);
}
