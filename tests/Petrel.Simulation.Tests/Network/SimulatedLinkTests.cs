using System.Runtime.CompilerServices;
using System.Text;
using Petrel.Faults.Links;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network;

namespace Petrel.Simulation.Tests.Network;

public sealed class SimulatedLinkTests : IDisposable
{
    private static readonly ApiRequest Request = new() { Method = "GET", Path = "/version" };

    private readonly Simulator _simulator = new(1);
    private readonly SimulatedNetwork _network;
    private readonly SimulatedProcess _client;
    private readonly SimulatedProcess _server;
    private readonly SimulatedLink _link;
    private readonly Handler _handler = new();

    public SimulatedLinkTests()
    {
        _network = new(_simulator.History);
        _client = _simulator.CreateProcess("client");
        _server = _simulator.CreateProcess("server");
        _link = new(_network, _client, new SeededEntropy(2), () => new(_server, _handler));
    }

    public void Dispose() => _simulator.Dispose();

    [Fact]
    public void An_answer_takes_the_time_of_two_messages()
    {
        _network.SetConditions(new() { MinDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(1) });
        var answered = TimeSpan.Zero;
        Run(async stop =>
        {
            Assert.Equal(200, (await _link.HandleAsync(Request, stop)).StatusCode);
            answered = _simulator.Clock.Elapsed;
        });

        Assert.Equal(TimeSpan.FromSeconds(2), answered);
    }

    [Fact]
    public void A_lost_request_fails_and_is_not_executed()
    {
        _network.SetConditions(new() { RequestLoss = 1 });
        Run(stop => Assert.ThrowsAsync<IOException>(() => _link.HandleAsync(Request, stop).AsTask()));

        Assert.Equal(0, _handler.Calls);
    }

    [Fact]
    public void A_lost_answer_fails_and_the_request_is_executed()
    {
        _network.SetConditions(new() { AnswerLoss = 1 });
        Run(stop => Assert.ThrowsAsync<IOException>(() => _link.HandleAsync(Request, stop).AsTask()));

        Assert.Equal(1, _handler.Calls);
    }

    [Fact]
    public void A_doubled_request_is_executed_twice_and_answered_once_with_either_answer()
    {
        _network.SetConditions(new() { Duplication = 1 });
        var answers = new SortedSet<string>(StringComparer.Ordinal);
        Run(async stop =>
        {
            for (var n = 0; n < 20; n++)
            {
                var before = _handler.Calls;
                var answer = await _link.HandleAsync(Request, stop);
                answers.Add(answer.Headers[0].Value == $"{before + 1}" ? "first" : "second");
                await Task.Delay(TimeSpan.FromSeconds(3), _client.Time, stop);
                Assert.Equal(before + 2, _handler.Calls);
            }
        });

        Assert.Equal(["first", "second"], answers);
    }

    [Fact]
    public void A_request_that_is_held_up_is_overtaken()
    {
        _network.SetConditions(new() { Reordering = 0.5 });
        var arrived = new List<string>();
        _handler.Arrived = arrived.Add;
        Run(async stop =>
        {
            var requests = new List<Task>();
            for (var n = 0; n < 20; n++)
            {
                requests.Add(_link.HandleAsync(Request with { Path = $"/{n:00}" }, stop).AsTask());
                await Task.Delay(TimeSpan.FromMilliseconds(100), _client.Time, stop);
            }
            await Task.WhenAll(requests);
        });

        Assert.Equal(20, arrived.Count);
        Assert.NotEqual(arrived.Order(), arrived);
    }

    [Fact]
    public void A_request_more_changes_nothing_for_those_after_it()
    {
        var without = Fates(withAnother: false);
        using var again = new SimulatedLinkTests();

        Assert.Contains('-', without);
        Assert.Contains('+', without);
        Assert.Equal(without, again.Fates(withAnother: true));
    }

    [Fact]
    public void A_server_that_dies_resets_requests_under_way()
    {
        _handler.Work = () => Task.Delay(TimeSpan.FromSeconds(10), _server.Time);
        var failedAt = TimeSpan.Zero;
        Run(async stop =>
        {
            _client.Post(_ => _ = KillLaterAsync(TimeSpan.FromSeconds(3)), null);
            await Assert.ThrowsAsync<IOException>(() => _link.HandleAsync(Request, stop).AsTask());
            failedAt = _simulator.Clock.Elapsed;
        });

        Assert.Equal(3, (int)failedAt.TotalSeconds);
    }

    [Fact]
    public void A_stream_arrives_in_order_and_breaks_when_the_server_dies()
    {
        var received = new List<string>();
        var broken = false;
        _handler.Stream = Count(_server.Time);
        Run(async stop =>
        {
            _client.Post(_ => _ = KillLaterAsync(TimeSpan.FromSeconds(10)), null);
            var response = await _link.HandleAsync(Request, stop);
            try
            {
                await foreach (var chunk in response.Stream!)
                {
                    received.Add(Encoding.UTF8.GetString(chunk.Span));
                }
            }
            catch (IOException)
            {
                broken = true;
            }
        });

        Assert.True(broken);
        Assert.InRange(received.Count, 90, 101);
        Assert.Equal(Enumerable.Range(0, received.Count).Select(n => $"{n}"), received);
    }

    [Fact]
    public void A_caller_that_stops_reading_ends_the_server_s_work()
    {
        _handler.Stream = Count(_server.Time);
        Run(async stop =>
        {
            var response = await _link.HandleAsync(Request, stop);
            await foreach (var _ in response.Stream!)
            {
                break;
            }
        });

        Assert.True(_handler.Ended);
    }

    [Fact]
    public void A_caller_that_dies_ends_the_server_s_work()
    {
        _handler.Stream = Count(_server.Time);
        _simulator.Spawn(_client, "reader", async stop =>
        {
            var response = await _link.HandleAsync(Request, stop);
            await foreach (var _ in response.Stream!) { }
        });
        _simulator.Run(TimeSpan.FromSeconds(5));
        Assert.False(_handler.Ended);
        _client.Kill();
        _simulator.Run(TimeSpan.FromSeconds(5));

        Assert.True(_handler.Ended);
    }

    [Fact]
    public void A_short_partition_delays_a_stream_and_a_long_one_cuts_it()
    {
        var received = 0;
        var broken = false;
        _handler.Stream = Count(_server.Time);
        _simulator.Spawn(_client, "reader", async stop =>
        {
            var response = await _link.HandleAsync(Request, stop);
            try
            {
                await foreach (var _ in response.Stream!)
                {
                    received++;
                }
            }
            catch (IOException)
            {
                broken = true;
            }
        });
        _simulator.Run(TimeSpan.FromSeconds(1));
        var partition = _network.Disturb(new("client") { Blocked = LinkDirection.Both });
        _simulator.Run(TimeSpan.FromSeconds(10));
        Assert.InRange(received, 1, 15);
        partition.Dispose();
        _simulator.Run(TimeSpan.FromSeconds(2));
        Assert.InRange(received, 100, 140);
        Assert.False(broken);
        _network.Disturb(new("client") { Blocked = LinkDirection.Both });
        _simulator.Run(TimeSpan.FromMinutes(1));

        Assert.True(broken);
    }

    private void Run(Func<CancellationToken, Task> body)
    {
        var component = _simulator.Spawn(_client, "test", body);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromMinutes(5)));
        _simulator.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(_simulator.Findings);
    }

    // Of a request a second: answered or lost.
    private string Fates(bool withAnother)
    {
        _network.SetConditions(
            new()
            {
                RequestLoss = 0.5,
                MaxDelay = TimeSpan.FromMilliseconds(400),
                Timeout = TimeSpan.Zero,
            }
        );
        var fates = "";
        Run(async stop =>
        {
            for (var n = 1; n <= 30; n++)
            {
                await Task.Delay(TimeSpan.FromSeconds(n) - _simulator.Clock.Elapsed, _client.Time, stop);
                fates += await FateAsync(stop);
                if (withAnother && n == 3)
                {
                    await FateAsync(stop);
                }
            }
        });
        return fates;
    }

    private async Task<char> FateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _link.HandleAsync(Request, cancellationToken);
            return '+';
        }
        catch (IOException)
        {
            return '-';
        }
    }

    private async Task KillLaterAsync(TimeSpan delay)
    {
        await Task.Delay(delay, _client.Time);
        _server.Kill();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Count(
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        try
        {
            for (var n = 0; ; n++)
            {
                yield return Encoding.UTF8.GetBytes($"{n}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
        }
        finally
        {
            _handler.Ended = true;
        }
    }

    private sealed class Handler : IApiHandler
    {
        public int Calls { get; private set; }
        public bool Ended { get; set; }
        public Action<string> Arrived { get; set; } = static _ => { };
        public Func<Task> Work { get; set; } = static () => Task.CompletedTask;
        public IAsyncEnumerable<ReadOnlyMemory<byte>>? Stream { get; set; }

        public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            var number = ++Calls;
            Arrived(request.Path);
            await Work();
            return new()
            {
                StatusCode = 200,
                Stream = Stream,
                Headers = [new("number", $"{number}")],
            };
        }
    }
}
