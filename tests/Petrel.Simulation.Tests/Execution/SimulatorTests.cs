using System.Diagnostics;
using System.Threading.Channels;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Tests.Execution;

public sealed class SimulatorTests
{
    [Fact]
    public void An_hour_of_waiting_takes_no_time()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        var ticks = 0;
        simulator.Spawn(process, "ticker", async stop =>
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), process.Time, stop);
                ticks++;
            }
        });

        simulator.Run(TimeSpan.FromHours(1));

        Assert.Equal(3600, ticks);
        Assert.Equal(TimeSpan.FromHours(1), simulator.Clock.Elapsed);
        Assert.Empty(simulator.Findings);
    }

    [Theory]
    [InlineData("delay")]
    [InlineData("channel")]
    [InlineData("completion")]
    [InlineData("yield")]
    [InlineData("periodic")]
    [InlineData("timeout")]
    public void Nothing_of_a_killed_process_runs_again_at_whatever_await_it_stood(string stand)
    {
        using var simulator = new Simulator(1);
        var victim = simulator.CreateProcess("node1");
        var channel = Channel.CreateUnbounded<int>();
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var afterDeath = false;
        simulator.Spawn(victim, "agent", async stop =>
        {
            try
            {
                switch (stand)
                {
                    case "delay":
                        await Task.Delay(TimeSpan.FromSeconds(5), victim.Time, stop);
                        break;
                    case "channel":
                        await channel.Reader.ReadAsync(stop);
                        break;
                    case "completion":
                        await completion.Task;
                        break;
                    case "yield":
                        while (victim.IsAlive)
                        {
                            await Task.Delay(TimeSpan.FromMilliseconds(100), victim.Time, stop);
                            await Task.Yield();
                        }
                        break;
                    case "periodic":
                        using (var timer = new PeriodicTimer(TimeSpan.FromSeconds(3), victim.Time))
                        {
                            await timer.WaitForNextTickAsync(stop);
                        }
                        break;
                    default:
                        using (var source = new CancellationTokenSource(TimeSpan.FromSeconds(4), victim.Time))
                        {
                            await Task.Delay(Timeout.InfiniteTimeSpan, victim.Time, source.Token);
                        }
                        break;
                }
            }
            finally
            {
                afterDeath = true;
            }
        });
        simulator.Run(TimeSpan.FromSeconds(1));
        Assert.False(afterDeath);

        victim.Kill();
        channel.Writer.TryWrite(1);
        completion.SetResult();
        simulator.Run(TimeSpan.FromMinutes(1));

        Assert.False(afterDeath);
        Assert.Null(simulator.Clock.NextDue);
    }

    [Fact]
    public void Work_queued_before_the_kill_is_dropped()
    {
        using var simulator = new Simulator(3);
        var killer = simulator.CreateProcess("killer");
        var victim = simulator.CreateProcess("victim");
        var ran = 0;
        killer.Post(
            _ =>
            {
                victim.Kill();
                victim.Post(_ => ran++, null);
            },
            null
        );
        simulator.Run(TimeSpan.Zero);
        victim.Post(_ => ran++, null);
        simulator.Spawn(victim, "late", _ => Task.FromResult(ran++));
        simulator.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(0, ran);
    }

    [Fact]
    public void The_same_seed_gives_the_same_history_and_another_seed_another()
    {
        var first = Gossip(7);
        var second = Gossip(7);
        var other = Gossip(8);

        Assert.Equal(first.Lines, second.Lines);
        Assert.Equal(first.Digest, second.Digest);
        Assert.NotEqual(first.Digest, other.Digest);
        Assert.True(first.Lines.Count > 100);
    }

    [Fact]
    public void Without_shuffling_ready_work_runs_in_its_order()
    {
        using var simulator = new Simulator(new SimulatorSettings { Seed = 5, Interleaving = Interleaving.Fifo });
        var process = simulator.CreateProcess("server");
        var order = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            process.Post(n => order.Add((int)n!), i);
        }
        simulator.Run(TimeSpan.Zero);

        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public void Shuffling_finds_a_lost_update_that_order_hides()
    {
        Assert.Equal(2, Increments(new SimulatorSettings { Seed = 1, Interleaving = Interleaving.Fifo }));
        var seen = Enumerable.Range(1, 50).Select(seed => Increments(new SimulatorSettings { Seed = (ulong)seed })).Distinct().Order();
        Assert.Equal([1, 2], seen);

        static int Increments(SimulatorSettings settings)
        {
            using var simulator = new Simulator(settings);
            var process = simulator.CreateProcess("server");
            var value = 0;
            // The first one's write comes before the second one's read only when work runs in its order.
            simulator.Spawn(process, "one", async _ =>
            {
                var read = value;
                await Task.Yield();
                value = read + 1;
            });
            simulator.Spawn(process, "two", async _ =>
            {
                await Task.Yield();
                await Task.Yield();
                var read = value;
                value = read + 1;
            });
            simulator.Run(TimeSpan.FromSeconds(1));
            return value;
        }
    }

    [Fact]
    public void A_failing_component_is_a_finding()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        var component = simulator.Spawn(process, "scheduler", async stop =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), process.Time, stop);
            throw new InvalidOperationException("boom");
        });
        using var timer = process.Time.CreateTimer(
            _ => throw new ArithmeticException("tick"),
            null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan
        );

        simulator.Run(TimeSpan.FromSeconds(3));

        Assert.Equal(
            [
                "00:00:01 server#1: unhandled ArithmeticException: tick",
                "00:00:02 server#1: scheduler failed: InvalidOperationException: boom",
            ],
            simulator.Findings.Select(f => f.ToString())
        );
        Assert.True(component.HasEnded);
    }

    [Fact]
    public void A_stopped_component_ends_gracefully()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        var cleaned = false;
        var component = simulator.Spawn(process, "loop", async stop =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, process.Time, stop);
            }
            finally
            {
                cleaned = true;
            }
        });
        simulator.Run(TimeSpan.FromSeconds(1));
        component.Stop();
        simulator.Run(TimeSpan.FromSeconds(1));

        Assert.True(cleaned);
        Assert.True(component.HasEnded);
        Assert.Empty(simulator.Findings);
    }

    [Fact]
    public void A_call_runs_in_the_called_process_and_answers_in_the_callers()
    {
        using var simulator = new Simulator(1);
        var (client, server) = (simulator.CreateProcess("client"), simulator.CreateProcess("server"));
        var seen = new List<SynchronizationContext?>();
        simulator.Spawn(client, "caller", async _ =>
        {
            var answer = await server.CallAsync(async () =>
            {
                await Task.Delay(TimeSpan.FromSeconds(1), server.Time);
                seen.Add(SynchronizationContext.Current);
                return 42;
            });
            Assert.Equal(42, answer);
            seen.Add(SynchronizationContext.Current);
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
                server.CallAsync<int>(() => throw new InvalidOperationException("no"))
            );
            Assert.Equal("no", failure.Message);
        });

        simulator.Run(TimeSpan.FromSeconds(2));

        Assert.Equal([server, client], seen);
        Assert.Empty(simulator.Findings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_to_a_process_that_dies_fails_with_an_unknown_outcome(bool before)
    {
        using var simulator = new Simulator(1);
        var (client, server) = (simulator.CreateProcess("client"), simulator.CreateProcess("server"));
        Exception? failure = null;
        if (before)
        {
            server.Kill();
        }
        simulator.Spawn(client, "caller", async _ => failure = await Record.ExceptionAsync(() =>
                server.CallAsync(async () =>
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), server.Time);
                    return 1;
                })
            ));
        simulator.Run(TimeSpan.FromMilliseconds(500));
        server.Kill();
        simulator.Run(TimeSpan.FromSeconds(5));

        Assert.Equal("server#1 died.", Assert.IsType<IOException>(failure).Message);
    }

    [Fact]
    public void Work_that_left_the_simulation_fails_the_run()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        using var gate = new ManualResetEventSlim();
        simulator.Spawn(process, "stray", async stop => await Task.Run(gate.Wait, stop));
        simulator.Run(TimeSpan.Zero);
        // It stands at its await now; its continuation arrives, on another thread, a moment after the gate opens.
        gate.Set();

        var deadline = Stopwatch.StartNew();
        SimulationException? failure = null;
        while (failure is null && deadline.Elapsed < TimeSpan.FromSeconds(10))
        {
            failure = Record.Exception(() => simulator.Run(TimeSpan.FromSeconds(1))) as SimulationException;
        }

        Assert.Contains("server#1 came from a foreign thread", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_loop_without_a_delay_is_named()
    {
        using var simulator = new Simulator(new SimulatorSettings { Seed = 1, MaxStepsPerInstant = 1000 });
        var process = simulator.CreateProcess("server");
        simulator.Spawn(process, "spinner", async stop =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.Yield();
            }
        });

        var failure = Assert.Throws<SimulationException>(() => simulator.Run(TimeSpan.FromSeconds(1)));
        Assert.Contains("server#1: 1001 steps and time stands still", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restarted_process_is_a_new_incarnation_and_may_have_a_wrong_clock()
    {
        using var simulator = new Simulator(1);
        simulator.CreateProcess("node1").Kill();
        var second = simulator.CreateProcess("node1");
        second.Time.Skew = TimeSpan.FromMinutes(-3);

        Assert.Equal("node1#2", second.ToString());
        Assert.Equal(simulator.Clock.GetUtcNow() - TimeSpan.FromMinutes(3), second.Time.GetUtcNow());
        Assert.Equal(["00:00:00 node1#1 killed"], simulator.History.Lines);
    }

    [Fact]
    public void A_condition_ends_the_run_early()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        var component = simulator.Spawn(process, "worker", stop => Task.Delay(TimeSpan.FromSeconds(10), process.Time, stop));

        Assert.False(simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.FromSeconds(5), simulator.Clock.Elapsed);
        Assert.True(simulator.RunUntil(() => component.HasEnded, TimeSpan.FromHours(1)));
        Assert.Equal(TimeSpan.FromSeconds(10), simulator.Clock.Elapsed);
    }

    [Fact]
    public void Steps_are_cheap()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("server");
        const int workers = 100,
            rounds = 2_000;
        for (var i = 0; i < workers; i++)
        {
            simulator.Spawn(process, "worker", async stop =>
            {
                for (var round = 0; round < rounds; round++)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), process.Time, stop);
                    await Task.Yield();
                }
            });
        }
        var watch = Stopwatch.StartNew();
        simulator.Run(TimeSpan.FromMinutes(1));

        Assert.True(simulator.Steps >= workers * rounds * 2);
        var perSecond = simulator.Steps / watch.Elapsed.TotalSeconds;
        TestContext.Current.SendDiagnosticMessage($"{perSecond:N0} steps a second");
        // Far below what it does, so that a busy machine passes.
        Assert.True(perSecond > 50_000, $"{perSecond:N0} steps a second");
    }

    private static RunHistory Gossip(ulong seed)
    {
        var simulator = new Simulator(seed);
        var channel = Channel.CreateUnbounded<string>();
        var processes = Enumerable.Range(1, 5).Select(n => simulator.CreateProcess($"node{n}")).ToArray();
        foreach (var process in processes)
        {
            var entropy = simulator.Entropy.Fork();
            simulator.Spawn(process, "gossip", async stop =>
            {
                for (var n = 0; ; n++)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(entropy.NextUInt64() % 4), process.Time, stop);
                    channel.Writer.TryWrite($"{process} says {n}");
                    simulator.History.Append(process.ToString(), $"heard {await channel.Reader.ReadAsync(stop)}");
                }
            });
        }
        simulator.Run(TimeSpan.FromMilliseconds(20));
        processes[2].Kill();
        simulator.Run(TimeSpan.FromMilliseconds(80));
        return simulator.History;
    }
}
