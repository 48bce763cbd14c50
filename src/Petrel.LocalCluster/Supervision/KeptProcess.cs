using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Supervision;

/// <summary>A process that the supervisor keeps running. When it ends, it is restarted with a back-off.</summary>
/// <param name="name">The name of the process in progress messages.</param>
/// <param name="isWanted">Whether it should run.</param>
/// <param name="isRunning">Whether it runs.</param>
/// <param name="start">Starts it.</param>
/// <param name="lastLine">The last line of its log.</param>
/// <param name="progress">Receives a message for each restart.</param>
/// <param name="time">The clock.</param>
/// <param name="isServing">Whether it serves; asked until it first does. Null where that cannot be asked.</param>
internal sealed class KeptProcess(
    string name,
    Func<bool> isWanted,
    Func<bool> isRunning,
    Func<CancellationToken, Task> start,
    Func<string> lastLine,
    Action<string> progress,
    TimeProvider time,
    Func<CancellationToken, Task<bool>>? isServing = null
)
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(1);

    private readonly RestartBackoff _backoff = new();
    private long _startedAt = time.GetTimestamp();
    private long _endedAt;
    private TimeSpan? _delay;
    private bool _served;

    /// <summary>Checks once, and starts the process when it should run, does not run, and its back-off is over.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (!isWanted() || isRunning())
        {
            _delay = null;
            await NoteServingAsync(cancellationToken);
            return;
        }
        if (_delay is null)
        {
            PlanRestart(lastLine() is { Length: > 0 } line ? $"{name} ended: {line}" : $"{name} ended");
        }
        if (time.GetElapsedTime(_endedAt) < _delay)
        {
            return;
        }
        try
        {
            _delay = null;
            _startedAt = time.GetTimestamp();
            _served = false;
            await start(cancellationToken);
            progress($"{name} started again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CommandException or UserErrorException)
        {
            // For example, the disk is full. Keep the rest of the cluster running, and retry after the back-off.
            PlanRestart($"{name} can't be started: {e.Message}");
        }
    }

    private async Task NoteServingAsync(CancellationToken cancellationToken)
    {
        if (_served || isServing is null)
        {
            return;
        }
        // A process that hangs must not hold up the supervisor.
        using var limit = new CancellationTokenSource(ProbeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            _served = await isServing(either.Token);
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It does not serve yet.
        }
    }

    private void PlanRestart(string what)
    {
        _endedAt = time.GetTimestamp();
        _delay = _backoff.After(time.GetElapsedTime(_startedAt), _served);
        progress($"{what.TrimEnd('.')}; starting it again{(_delay > TimeSpan.Zero ? $" in {_delay.Value.TotalSeconds:0.#} s" : "")}");
    }
}
