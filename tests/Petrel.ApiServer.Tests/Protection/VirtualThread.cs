using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Protection;

/// <summary>
/// Runs everything that starts within it on the one thread of the test, in the order in which it became ready: what happens is the same
/// in each run, and a test knows when nothing more happens until time moves.
/// </summary>
internal sealed class VirtualThread : SynchronizationContext, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<(SendOrPostCallback Work, object? State)> _ready = new();
    private readonly ManualResetEventSlim _any = new();

    /// <summary>Runs <paramref name="test"/> to its end.</summary>
    public static void Run(Func<VirtualThread, Task> test)
    {
        using var thread = new VirtualThread();
        var before = Current;
        SetSynchronizationContext(thread);
        try
        {
            var done = test(thread);
            while (!done.IsCompleted)
            {
                thread.Settle();
                // Only at the end of a test another thread runs: the cancellation.
                Assert.True(done.IsCompleted || thread._any.Wait(TestApi.Patience), "nothing is left to run, and the test is not over");
            }
            done.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs until nothing is ready any more.</summary>
    public void Settle()
    {
        while (Next() is { } next)
        {
            next.Work(next.State);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            _ready.Enqueue((d, state));
            _any.Set();
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public void Dispose() => _any.Dispose();

    public override SynchronizationContext CreateCopy() => this;

    private (SendOrPostCallback Work, object? State)? Next()
    {
        lock (_gate)
        {
            if (_ready.TryDequeue(out var next))
            {
                return next;
            }
            _any.Reset();
            return null;
        }
    }
}
