namespace Petrel.Client;

/// <summary>Owning several loops as one.</summary>
public static class Loops
{
    /// <summary>
    /// Runs all loops until cancelled. When one ends or fails, the others are stopped too, and its failure is thrown once all have ended:
    /// half a program is none.
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
                // Asked to stop.
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
            // Nobody asked for it, a request that timed out perhaps: a failure like any other.
            throw new InvalidOperationException(e.Message, e);
        }
        finally
        {
            stopping.Cancel();
        }
    }
}
