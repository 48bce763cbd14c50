using System.Text.RegularExpressions;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Tests.Invariants;

namespace Petrel.Simulation.Tests.Documentation;

/// <summary>The examples of docs/simulation.md compile and run, and its tables are whole.</summary>
public sealed partial class SimulationDocumentTests
{
    private static readonly string Root = FindRoot();
    private static readonly string Document = File.ReadAllText(Path.Combine(Root, "docs/simulation.md"));

    [Theory]
    [InlineData(nameof(ScaledUnderCrashes))]
    [InlineData(nameof(NoLatestInvariant))]
    public void An_example_is_the_class_that_is_compiled_here(string name)
    {
        var source = File.ReadAllText(Path.Combine(Root, "tests/Petrel.Simulation.Tests/Documentation", $"{name}.cs"));
        var declaration = source[source.IndexOf("public sealed class", StringComparison.Ordinal)..].TrimEnd();

        Assert.Contains($"```csharp\n{declaration}\n```", Document.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_scenario_of_the_example_passes()
    {
        foreach (var seed in Scenarios.Seeds.To(3))
        {
            var result = SimulationRunner.RunSeed(new ScaledUnderCrashes(), seed, new());

            Assert.True(result.Passed, Scenarios.Show.Violation(result));
            Assert.Equal(2, result.Plan.Operations.Count);
        }
    }

    [Theory]
    [InlineData("web:latest", true)]
    [InlineData("web:1", false)]
    public void The_invariant_of_the_example_finds_what_it_says(string image, bool found)
    {
        var feed = new CommitFeed(facts => new NoLatestInvariant(facts));
        var pod = $$$"""{"metadata":{"name":"web-1","uid":"u"},"spec":{"containers":[{"name":"main","image":"{{{image}}}"}]}}""";

        Assert.Equal(found, feed.Put("/registry/core/pods/default/web-1", pod) is not null);
    }

    [Fact]
    public void Every_fault_has_its_row()
    {
        Assert.All(BuiltInFaults.Registry.All, d => Assert.Matches($@"(?m)^\| .*`{d.Name}`.* \| .+ \|$", Document));
    }

    [Fact]
    public void Every_scenario_is_known_to_its_command_line_examples()
    {
        var named = ScenarioOption().Matches(Document).Select(m => m.Groups[1].Value).Where(name => name != "all").Distinct().ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.NotNull(ScenarioList.Find(name)));
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        }
        return folder.FullName;
    }

    [GeneratedRegex(@"--scenario ([a-z-]+)")]
    private static partial Regex ScenarioOption();
}
