using System.Text.Json.Nodes;
using Petrel.Faults.Definitions;
using Petrel.Faults.Links;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Plans;

public sealed class PlanFileTests
{
    [Fact]
    public void A_plan_is_read_as_it_was_written()
    {
        var plan = ((IScenario)new DeploymentUnderCrashes()).Draw(7) with
        {
            Operations =
            [
                new()
                {
                    At = TimeSpan.FromMilliseconds(1500),
                    Kind = OperationKind.Patch,
                    Target = new("apps/v1", "deployments", "default", "web"),
                    Body = new() { ["spec"] = new JsonObject { ["replicas"] = 3 } },
                },
                new()
                {
                    At = TimeSpan.FromSeconds(60),
                    Kind = OperationKind.Drain,
                    Target = new("v1", "nodes", "", "node1"),
                },
            ],
            Finding = new("surge", TimeSpan.FromSeconds(9.25), "Deployment web has 8 pods, allowed are 5 + 1"),
        };

        var text = PlanFile.Write(plan, "found by nobody", "two\nlines");
        var read = PlanFile.Read(text);

        Assert.Equal(text, PlanFile.Write(read, "found by nobody", "two\nlines"));
        Assert.Equal(plan.Faults, read.Faults);
        Assert.Equal(plan.Finding, read.Finding);
        Assert.Equal(plan.World, read.World);
        Assert.Equal(3, (int)read.Operations[0].Body!["spec"]!["replicas"]!);
        Assert.StartsWith("// found by nobody\n// two\n// lines\n{\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_fault_is_one_line_with_only_what_it_uses()
    {
        var plan = ((IScenario)new WritesUnderCrashes()).Draw(1) with
        {
            Faults =
            [
                new()
                {
                    At = TimeSpan.FromSeconds(1),
                    Kind = Partition.Definition.Name,
                    Target = "node2",
                    Duration = TimeSpan.FromSeconds(3),
                    Parameters = new Partition(LinkDirection.FromServer),
                },
            ],
        };

        Assert.Contains(
            """
              "faults": [
                {"at":"00:00:01","kind":"partition","target":"node2","duration":"00:00:03","direction":"from-server"}
              ]
            """.ReplaceLineEndings("\n"),
            PlanFile.Write(plan),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("{", "end of the JSON")]
    [InlineData("null", "null")]
    [InlineData("""{"format":2,"scenario":"x","seed":1,"world":{"nodes":1,"tolerationSeconds":1},"faultsEnd":"00:00:01"}""", "format is 2")]
    [InlineData("""{"scenario":"x","seed":1,"world":{"nodes":1,"tolerationSeconds":1},"faultsEnd":"00:00:01","falts":[]}""", "falts")]
    [InlineData("""{"seed":1,"world":{"nodes":1,"tolerationSeconds":1},"faultsEnd":"00:00:01"}""", "scenario")]
    [InlineData(
        """{"scenario":"x","seed":1,"world":{"nodes":1,"tolerationSeconds":1},"faultsEnd":"00:00:01","faults":[{"at":"00:00:"""
            + """01","kind":"flood"}]}""",
        "kind"
    )]
    public void What_is_no_plan_is_refused_with_the_reason(string text, string reason)
    {
        var refused = Assert.Throws<FormatException>(() => PlanFile.Read(text));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }
}
