using k8s.Models;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Agent.Tests.Pods;

namespace Petrel.Agent.Tests.Probes;

/// <summary>Every number of a probe counts: each test fails for an agent that ignores the number or is off by one.</summary>
public sealed class ProbeNumbersTests : AgentTestBed
{
    private readonly List<DateTimeOffset> _asked = [];
    private bool _healthy = true;
    private TimeSpan _duration;

    public ProbeNumbersTests()
    {
        Behaviours["main"] = new()
        {
            IgnoresTermination = true,
            Exec = _ =>
            {
                _asked.Add(Now);
                return new SimulatedCommand(_healthy ? 0 : 1, _duration);
            },
        };
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Readiness_is_lost_after_failureThreshold_failures_in_a_row(int threshold)
    {
        Start(p => p.ReadinessProbe = Probe(period: 10, failures: threshold));
        Assert.True(IsReady());
        _healthy = false;
        UntilAsked(threshold - 1);
        Assert.True(IsReady(), $"unready after {threshold - 1} failures");
        UntilAsked(1);
        Assert.False(IsReady());
    }

    [Fact]
    public void A_success_between_failures_starts_their_count_again()
    {
        Start(p => p.ReadinessProbe = Probe(period: 10, failures: 3));
        foreach (var healthy in (bool[])[false, false, true, false, false])
        {
            _healthy = healthy;
            UntilAsked(1);
            Assert.True(IsReady());
        }
        UntilAsked(1);
        Assert.False(IsReady());
    }

    [Theory]
    [InlineData("liveness", 1)]
    [InlineData("liveness", 4)]
    [InlineData("startup", 1)]
    [InlineData("startup", 4)]
    public void A_container_is_killed_after_failureThreshold_failures_in_a_row(string kind, int threshold)
    {
        _healthy = false;
        Start(p => Set(p, kind, Probe(period: 10, failures: threshold, delay: 5)));
        UntilAsked(threshold - 1);
        Assert.Empty(Runtime.Stops);
        UntilAsked(threshold - _asked.Count);
        Run(1);
        Assert.Single(Runtime.Stops);
        Assert.Equal(threshold, _asked.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Readiness_comes_back_after_successThreshold_successes_in_a_row(int threshold)
    {
        _healthy = false;
        Start(p => p.ReadinessProbe = Probe(period: 10, failures: 1, successes: threshold));
        Assert.False(IsReady());
        _healthy = true;
        UntilAsked(threshold - 1);
        Assert.False(IsReady(), $"ready after {threshold - 1} successes");
        _healthy = false;
        UntilAsked(1);
        _healthy = true;
        UntilAsked(threshold - 1);
        Assert.False(IsReady(), "the failure did not start the count again");
        UntilAsked(1);
        Assert.True(IsReady());
    }

    [Theory]
    [InlineData("readiness", 0)]
    [InlineData("readiness", 7)]
    [InlineData("liveness", 7)]
    [InlineData("startup", 7)]
    public void The_first_probe_comes_initialDelaySeconds_after_the_start(string kind, int delay)
    {
        Start(p => Set(p, kind, Probe(period: 60, delay: delay)));
        Run(20);
        var first = Assert.Single(_asked);
        var started = StartedAt();
        Assert.Equal(delay, (first - started).TotalSeconds, 0.1);
    }

    [Fact]
    public void The_delay_of_liveness_counts_from_the_start_also_behind_a_startup_probe()
    {
        Start(p =>
        {
            p.StartupProbe = Probe(period: 60, delay: 5);
            p.LivenessProbe = Probe(period: 60, delay: 8);
        });
        Run(20);
        var started = StartedAt();
        Assert.Equal([5, 8], _asked.Select(a => (int)Math.Round((a - started).TotalSeconds)));
    }

    [Theory]
    [InlineData("readiness", 3)]
    [InlineData("liveness", 3)]
    [InlineData("readiness", 11)]
    public void Probes_come_every_periodSeconds(string kind, int period)
    {
        Start(p => Set(p, kind, Probe(period)));
        UntilAsked(3);
        Assert.All(_asked.Zip(_asked.Skip(1)), pair => Assert.Equal(period, (pair.Second - pair.First).TotalSeconds, 0.1));
    }

    [Theory]
    [InlineData(2, 2.5, false)]
    [InlineData(3, 2.5, true)]
    [InlineData(1, 0.5, true)]
    public void A_command_may_take_timeoutSeconds(int timeout, double takes, bool passes)
    {
        _duration = TimeSpan.FromSeconds(takes);
        Start(p => p.ReadinessProbe = Probe(period: 10, failures: 1, timeout: timeout));
        Run(5);
        Assert.Equal(passes, IsReady());
        Assert.Equal(
            !passes,
            EventTexts("web").Contains($"Unhealthy: Readiness probe failed: command timed out: \"check\" timed out after {timeout}s")
        );
    }

    [Theory]
    [InlineData("liveness", 7L, 7)]
    [InlineData("startup", 7L, 7)]
    [InlineData("liveness", null, 40)]
    [InlineData("startup", null, 40)]
    public void A_failed_probe_kills_within_its_own_grace_or_the_pods(string kind, long? own, int expected)
    {
        _healthy = false;
        Start(
            p =>
            {
                // The grace of the other probe must not count.
                p.LivenessProbe = Probe(period: 5, failures: 1);
                p.LivenessProbe.TerminationGracePeriodSeconds = 3;
                Set(p, kind, Probe(period: 5, failures: 1));
                (kind == "liveness" ? p.LivenessProbe : p.StartupProbe).TerminationGracePeriodSeconds = own;
            },
            grace: 40
        );
        Run(5);
        var (_, grace) = Assert.Single(Runtime.Stops);
        Assert.Equal(expected, grace.TotalSeconds, 0.1);
    }

    [Fact]
    public void Numbers_of_any_size_are_taken()
    {
        Start(p =>
        {
            p.ReadinessProbe = Probe(period: int.MaxValue, timeout: int.MaxValue);
            p.LivenessProbe = Probe(period: int.MaxValue, delay: int.MaxValue);
        });
        Run(5);
        Assert.True(IsReady());
        Assert.Single(_asked);
    }

    private void Start(Action<V1Container> change, long grace = 30)
    {
        Create(Pod("web", p =>
            {
                p.Spec.TerminationGracePeriodSeconds = grace;
                change(p.Spec.Containers[0]);
            }));
        for (var i = 0; Get<V1Pod>("web").Status.ContainerStatuses?[0].State?.Running is null; i++)
        {
            Assert.True(i < 100, "the container did not start");
            Run(0.1);
        }
        Run(0.5);
    }

    // Runs until the probe has been asked so many more times, and the agent has reported it.
    private void UntilAsked(int more)
    {
        var wanted = _asked.Count + more;
        for (var i = 0; _asked.Count < wanted; i++)
        {
            Assert.True(i < 2000, "the probe did not run");
            Run(0.1);
        }
        Run(0.5);
    }

    private bool IsReady() => Get<V1Pod>("web").Status.Conditions.Single(c => c.Type == "Ready").Status == "True";

    private DateTimeOffset StartedAt()
    {
        var started = DateTimeOffset.MinValue;
        Do(async stop => started = Assert.Single(await Runtime.ListContainersAsync(stop)).StartedAt!.Value);
        return started;
    }

    private static void Set(V1Container container, string kind, V1Probe probe)
    {
        switch (kind)
        {
            case "readiness":
                container.ReadinessProbe = probe;
                break;
            case "liveness":
                container.LivenessProbe = probe;
                break;
            default:
                container.StartupProbe = probe;
                break;
        }
    }

    private static V1Probe Probe(int period, int failures = 3, int successes = 1, int delay = 0, int timeout = 1) =>
        new()
        {
            Exec = new() { Command = ["check"] },
            PeriodSeconds = period,
            FailureThreshold = failures,
            SuccessThreshold = successes,
            InitialDelaySeconds = delay,
            TimeoutSeconds = timeout,
        };
}
