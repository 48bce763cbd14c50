namespace Petrel.Client;

/// <summary>Runs several loops as one task.</summary>
public static class Loops
{
    /// <summary>
    /// Runs all loops until cancelled. When one loop ends or fails, the others are stopped too, because the program must not continue with
    /// only some of its loops. The failure is thrown once all loops have ended.
    /// </summary>
    public static async Task RunTogetherAsync(CancellationToken cancellationToken, params Func<CancellationToken, Task>[] loops)
    {
        await Task.Yield();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Array.ConvertAll(loops, loop => EndAllAsync(loop, stopping));
        List<Exception> failures = [];
        foreach (var task in running)
        {
            try
            {
                await task;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Normal shutdown.
            }
            catch (Exception e)
            {
                failures.Add(e);
            }
        }
        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? new InvalidOperationException(failures[0].Message, failures[0]) : new AggregateException(failures);
        }
    }

    private static async Task EndAllAsync(Func<CancellationToken, Task> loop, CancellationTokenSource stopping)
    {
        try
        {
            await loop(stopping.Token);
        }
        catch (OperationCanceledException e) when (!stopping.IsCancellationRequested)
        {
            // The caller did not request this cancellation; it is perhaps a request that timed out. Treat it as a failure.
            throw new InvalidOperationException(e.Message, e);
        }
        finally
        {
            stopping.Cancel();
        }
    }
}
