using Microsoft.Extensions.Logging;
using Petrel.Model.Determinism;

namespace Petrel.Client;

/// <summary>The collection that a <see cref="ListWatch"/> follows, and the store that it fills.</summary>
public interface IListWatchSource
{
    /// <summary>The name of the collection, for logs.</summary>
    string Name { get; }

    /// <summary>Lists all objects, replaces the store's content with them, and returns the list's resourceVersion.</summary>
    ValueTask<ulong> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Watches from just after <paramref name="revision"/>. Each event is applied to the store before its revision is returned. A bookmark
    /// only returns its revision.
    /// </summary>
    IAsyncEnumerable<ulong> WatchAsync(ulong revision, CancellationToken cancellationToken);
}

/// <summary>
/// The client's list-and-watch loop (upstream: client-go's Reflector). It lists once, then watches from the last revision it has seen. A
/// watch that ends or fails is resumed from that revision. When the server no longer has it (410 Gone), the loop lists again.
/// </summary>
/// <param name="source">The collection to follow.</param>
/// <param name="time">The clock for the delays between attempts.</param>
/// <param name="entropy">The source of the jitter.</param>
/// <param name="logger">Receives a warning for each interruption.</param>
/// <param name="longestDelay">The longest delay between two attempts; one second if null.</param>
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

    /// <summary>Lists and watches until cancelled. After every failure of the API or the connection it tries again.</summary>
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
            // Normal shutdown.
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
            // Retry after a refusal as well: permissions and kinds (custom resource definitions) may be added later.
            LogRetry(logger, source.Name, e.Message);
        }
    }

    // Any response shows that the server is reachable again, so the backoff starts over.
    private void Saw(ulong revision)
    {
        _revision = Math.Max(_revision, revision);
        _delay = FirstDelay;
    }

    // Between half of the delay and all of it. The jitter spreads the many watches that reconnect after a restart of the server.
    private TimeSpan Jittered(TimeSpan delay) => delay * (0.5 + (entropy.NextDouble() / 2));

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "Watching {Name} was interrupted and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string name, string reason);
}
