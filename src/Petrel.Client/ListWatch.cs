using Microsoft.Extensions.Logging;
using Petrel.Model.Determinism;

namespace Petrel.Client;

/// <summary>What a <see cref="ListWatch"/> follows, and who keeps what it reads.</summary>
public interface IListWatchSource
{
    /// <summary>What is followed, for logs.</summary>
    string Name { get; }

    /// <summary>Lists everything, replaces what is kept by it, and returns the list's resourceVersion.</summary>
    ValueTask<ulong> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Watches from just after <paramref name="revision"/>. Each event is applied before its revision is returned; a bookmark is a revision
    /// alone.
    /// </summary>
    IAsyncEnumerable<ulong> WatchAsync(ulong revision, CancellationToken cancellationToken);
}

/// <summary>
/// The client's list-and-watch loop (upstream: client-go's Reflector). It lists once, then watches from the revision it has seen last. A
/// watch that ends or fails is resumed from there; when the server no longer has that revision (410 Gone), everything is listed again.
/// </summary>
/// <param name="source">What is followed.</param>
/// <param name="time">The clock of the delays.</param>
/// <param name="entropy">Where jitter comes from.</param>
/// <param name="logger">Told of each interruption.</param>
/// <param name="longestDelay">How long at most is waited between two attempts; one second if null.</param>
public sealed partial class ListWatch(
    IListWatchSource source,
    TimeProvider time,
    IEntropy entropy,
    ILogger logger,
    TimeSpan? longestDelay = null
)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    private readonly TimeSpan _longestDelay = longestDelay ?? TimeSpan.FromSeconds(1);
    private bool _listed;
    private ulong _revision;
    private TimeSpan _delay = FirstDelay;

    /// <summary>Lists and watches until cancelled. Every failure of the API or the connection is followed by another attempt.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await TryAsync(cancellationToken);
                await Task.Delay(Jittered(_delay), time, cancellationToken);
                _delay = _delay * 2 < _longestDelay ? _delay * 2 : _longestDelay;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private async ValueTask TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!_listed)
            {
                Saw(await source.ListAsync(cancellationToken));
                _listed = true;
            }
            await foreach (var revision in source.WatchAsync(_revision, cancellationToken))
            {
                Saw(revision);
            }
        }
        catch (ApiException e) when (e.IsGone)
        {
            _listed = false;
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
        {
            // A refusal, too, is asked for again: rights and kinds come and go.
            LogRetry(logger, source.Name, e.Message);
        }
    }

    // Whatever the server sends shows that it answers: its next failure is the first of a new row.
    private void Saw(ulong revision)
    {
        _revision = Math.Max(_revision, revision);
        _delay = FirstDelay;
    }

    // Between half of the delay and all of it: after a restart of the server, its many watches do not return in the same moment.
    private TimeSpan Jittered(TimeSpan delay) => delay * (0.5 + (entropy.NextDouble() / 2));

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "Watching {Name} was interrupted and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string name, string reason);
}
