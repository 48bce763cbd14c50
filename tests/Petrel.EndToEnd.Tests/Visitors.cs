using System.Net;

namespace Petrel.EndToEnd.Tests;

/// <summary>
/// Visits the example application again and again in the background. A request counts against it only when the pod was ready before the
/// request and still is afterwards: nobody routes to a pod that is not.
/// </summary>
public sealed class Visitors : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failures = [];
    private readonly Guestbook _guestbook;
    private readonly Task _visits;
    private int _count;

    public Visitors(Guestbook guestbook)
    {
        _guestbook = guestbook;
        _visits = VisitAsync();
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>The longest time without a single answer.</summary>
    public TimeSpan LongestSilence { get; private set; }

    /// <summary>Stops visiting and returns what failed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await _visits;
        return _failures;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task VisitAsync()
    {
        var lastAnswer = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            foreach (var pod in await _guestbook.ReadyPodsAsync())
            {
                string? failure = null;
                try
                {
                    var (status, _) = await _guestbook.GetAsync(pod);
                    failure = status == HttpStatusCode.OK ? null : $"{pod.Name} answered {status}";
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    failure = $"{pod.Name} on {pod.Node}: {e.Message}";
                }
                if (failure is null)
                {
                    Interlocked.Increment(ref _count);
                    var silence = TimeProvider.System.GetElapsedTime(lastAnswer);
                    LongestSilence = silence > LongestSilence ? silence : LongestSilence;
                    lastAnswer = TimeProvider.System.GetTimestamp();
                }
                else if ((await _guestbook.ReadyPodsAsync()).Any(p => p.Uid == pod.Uid))
                {
                    _failures.Add(failure);
                }
            }
        }
    }
}
