using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Scenarios;

public sealed class DeploymentUnderCrashesTests
{
    [Fact]
    public void Rollouts_reach_their_replicas_without_ever_exceeding_the_surge()
    {
        var totals = SimulationRunner.Run(
            "deployment-under-crashes",
            Seeds.To(10),
            new(),
            r => Assert.True(r.Passed, Show.Violation(r)),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(10, totals.Seeds);
        Assert.True(totals.Commits > 2000, $"only {totals.Commits} commits: did the agents run?");
    }

    [Fact]
    public void The_same_seed_gives_the_same_history_byte_for_byte()
    {
        var (first, second) = (new List<string>(), new List<string>());
        var one = SimulationRunner.RunSeed(new DeploymentUnderCrashes(), 11, new() { Trace = first.Add });
        var two = SimulationRunner.RunSeed(new DeploymentUnderCrashes(), 11, new() { Trace = second.Add });
        var other = SimulationRunner.RunSeed(new DeploymentUnderCrashes(), 12, new());

        Assert.Equal(first, second);
        Assert.Equal(one.Digest, two.Digest);
        Assert.NotEqual(one.Digest, other.Digest);
        Assert.True(first.Count > 300, $"only {first.Count} lines of history");
    }
}
