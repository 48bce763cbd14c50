using Petrel.Client;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Scenarios;

/// <summary>Runs share decoded objects for speed. That must not change what happens, within a run or between runs.</summary>
public sealed class SharedObjectsTests
{
    private const string Scenario = "deployment-under-crashes";

    [Fact]
    public void No_component_changes_the_objects_that_caches_share()
    {
        SharedObjectAudit.Enable(true);
        try
        {
            for (var seed = 200UL; seed < 203; seed++)
            {
                Assert.Null(Run(seed).Violation);
            }
        }
        finally
        {
            SharedObjectAudit.Enable(false);
        }
    }

    [Fact]
    public void A_seed_is_the_same_alone_after_others_and_beside_others()
    {
        var alone = Run(7).Digest;
        var others = new[] { 8UL, 9UL }.Select(seed => Run(seed).Digest).ToArray();
        Assert.Equal(alone, Run(7).Digest);

        var beside = new string[4];
        Parallel.For(0, beside.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
            beside[i] = Run(new ulong[] { 7, 8, 9, 7 }[i]).Digest
        );
        Assert.Equal([alone, .. others, alone], beside);
    }

    private static SimulationResult Run(ulong seed) =>
        SimulationRunner.RunSeed(ScenarioList.Find(Scenario)!, seed, new SimulationOptions());
}
