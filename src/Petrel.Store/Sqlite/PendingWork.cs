namespace Petrel.Store.Sqlite;

/// <summary>A commit that waits for the writer.</summary>
internal sealed class PendingCommit(IReadOnlyList<StoreOperation> operations)
    : TaskCompletionSource<CommitResult>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public IReadOnlyList<StoreOperation> Operations { get; } = operations;

    /// <summary>Whether the commit is tried even when the disk is full.</summary>
    public bool FreesSpace
    {
        get
        {
            foreach (var operation in Operations)
            {
                if (operation.Value is null || operation.FreesSpace)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>The result once the group is durable; null when the commit is answered already: cancelled or refused.</summary>
    public CommitResult? Result { get; set; }

    public async ValueTask<CommitResult> AnswerAsync(CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(static (pending, token) => ((PendingCommit)pending!).TrySetCanceled(token), this))
        {
            return await Task;
        }
    }
}

/// <summary>A write other than a commit that waits for the writer. All of them free space.</summary>
internal sealed class PendingWrite(Action<SqliteLog> write) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public Action<SqliteLog> Write { get; } = write;
}
