using System.Threading.Channels;
using Petrel.Faults.Links;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network.Watches;

namespace Petrel.Simulation.Network;

/// <summary>Carries a streamed answer chunk by chunk, in order, each with its delay, until either side ends it or it is cut.</summary>
internal sealed class LinkStream(
    SimulatedNetwork network,
    SimulatedProcess caller,
    ServerEndpoint endpoint,
    IEntropy entropy,
    IAsyncEnumerable<ReadOnlyMemory<byte>> source,
    RequestStop stop,
    CancellationTokenRegistration gone,
    ObservedStream? observed
)
{
    // Both ends give up a connection that was blocked for so long.
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StallPoll = TimeSpan.FromMilliseconds(500);

    private readonly Channel<(ReadOnlyMemory<byte> Chunk, long SentAt)> _inFlight = Channel.CreateUnbounded<(ReadOnlyMemory<byte>, long)>();
    private bool _cut;
    private bool _broken;

    public static TimeSpan Draw(LinkConditions conditions, IEntropy entropy) =>
        conditions.MinDelay + (conditions.MaxDelay - conditions.MinDelay) * entropy.NextDouble();

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        // The pump reports its failure through the channel. When the server dies, this registration does.
        endpoint.Process.Post(_ => _ = PumpAsync(), null);
        var died = endpoint.Process.Killed.Register(() => _inFlight.Writer.TryComplete(Broken($"{endpoint.Process} died.")));
        using var listed = network.AddStream(caller, Cut);
        var how = "left";
        try
        {
            while (await _inFlight.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_inFlight.Reader.TryRead(out var item))
                {
                    var conditions = network.ConditionsOf(caller.Name);
                    if (_cut || entropy.NextDouble() < conditions.StreamCut)
                    {
                        throw Broken("the stream was cut");
                    }
                    var delay = Draw(conditions, entropy) - caller.Time.GetElapsedTime(item.SentAt);
                    if (delay > TimeSpan.Zero)
                    {
                        await Task.Delay(delay, caller.Time, cancellationToken);
                    }
                    await WaitForWayAsync(cancellationToken);
                    if (_cut)
                    {
                        throw Broken("the stream was cut");
                    }
                    observed?.Received(item.Chunk.Span);
                    yield return item.Chunk;
                }
            }
            how = "ended";
        }
        finally
        {
            observed?.Ended(_broken ? "broken" : how);
            died.Unregister();
            gone.Unregister();
            stop.Request();
        }
    }

    // Transport protocols send again until they give up: a short partition delays a stream, a long one cuts it.
    private async Task WaitForWayAsync(CancellationToken cancellationToken)
    {
        var since = caller.Time.GetTimestamp();
        while (network.Blocks(caller.Name, LinkDirection.FromServer))
        {
            if (caller.Time.GetElapsedTime(since) > StallLimit)
            {
                throw Broken("the stream stalled");
            }
            await Task.Delay(StallPoll, caller.Time, cancellationToken);
        }
        // A fault holds the events back. The connection itself works.
        while (network.HoldsStreams(caller.Name) && !_cut)
        {
            await Task.Delay(StallPoll, caller.Time, cancellationToken);
        }
    }

    private void Cut()
    {
        _cut = true;
        _inFlight.Writer.TryComplete(Broken("the stream was cut"));
    }

    private IOException Broken(string how)
    {
        _broken = true;
        return new(how);
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var chunk in source.WithCancellation(stop.Token))
            {
                // The server may use its buffer again.
                _inFlight.Writer.TryWrite((chunk.ToArray(), caller.Time.GetTimestamp()));
            }
            _inFlight.Writer.TryComplete();
        }
        catch (OperationCanceledException)
        {
            _inFlight.Writer.TryComplete(stop.Token.IsCancellationRequested ? null : Broken("the server ended the stream"));
        }
        catch (Exception e)
        {
            // To the caller, a handler that fails midway is a broken stream.
            _broken = true;
            _inFlight.Writer.TryComplete(new IOException($"the stream broke: {e.Message}", e));
        }
    }
}
