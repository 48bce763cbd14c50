namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose server can be killed between a commit and its response.</summary>
public interface ICanCrashAfterCommit
{
    /// <summary>Kills the server right after its next commit. When the effect ends, the server starts again.</summary>
    ValueTask<IAsyncDisposable?> CrashAfterCommitAsync(CancellationToken cancellationToken);
}
