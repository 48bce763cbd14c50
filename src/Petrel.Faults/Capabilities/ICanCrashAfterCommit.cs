namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose server can be killed between a commit and its answer.</summary>
public interface ICanCrashAfterCommit
{
    /// <summary>Kills the server right after its next commit, whenever that is. The end of the effect starts it.</summary>
    ValueTask<IAsyncDisposable?> CrashAfterCommitAsync(CancellationToken cancellationToken);
}
