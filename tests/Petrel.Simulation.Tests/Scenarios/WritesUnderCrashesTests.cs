using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Scenarios;

public sealed class WritesUnderCrashesTests
{
    [Fact]
    public void No_acknowledged_write_is_lost()
    {
        var totals = SimulationRunner.Run(
            "writes-under-crashes",
            Seeds.To(10),
            new SimulationOptions(),
            r => Assert.True(r.Passed, Show.Violation(r)),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(10, totals.Seeds);
        Assert.True(totals.Commits > 200, $"only {totals.Commits} commits");
    }

    [Fact]
    public void The_same_seed_gives_the_same_history_byte_for_byte()
    {
        var (first, second) = (new List<string>(), new List<string>());
        var one = SimulationRunner.RunSeed(new WritesUnderCrashes(), 7, new() { Trace = first.Add });
        var two = SimulationRunner.RunSeed(new WritesUnderCrashes(), 7, new() { Trace = second.Add });
        var other = SimulationRunner.RunSeed(new WritesUnderCrashes(), 8, new());

        Assert.Equal(first, second);
        Assert.Equal(one.Digest, two.Digest);
        Assert.NotEqual(one.Digest, other.Digest);
    }

    [Fact]
    public void A_disk_that_forgets_an_acknowledged_write_is_caught()
    {
        var caught = Seeds
            .To(10)
            .Select(seed =>
                SimulationRunner.RunSeed(
                    new WritesUnderCrashes(),
                    seed,
                    new() { World = world => world with { Disk = () => new ForgetfulDisk() } }
                )
            )
            .FirstOrDefault(r => !r.Passed);

        Assert.NotNull(caught);
        Assert.Equal("acknowledged writes", caught.Violation!.Finding.Where);
        Assert.NotEmpty(caught.Violation.LastLines);
    }
}
