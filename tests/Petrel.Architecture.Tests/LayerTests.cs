using System.Reflection;
using System.Xml.Linq;
using NetArchTest.Rules;

namespace Petrel.Architecture.Tests;

/// <summary>The arrows of docs/architecture.md: which part may use which.</summary>
public sealed class LayerTests
{
    // Each part and what it may refer to, directly.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Petrel.Model"] = [],
        ["Petrel.Store"] = ["Petrel.Model"],
        ["Petrel.ApiServer"] = ["Petrel.Store", "Petrel.Model"],
        ["Petrel.Client"] = ["Petrel.Model"],
        ["Petrel.Workloads"] = ["Petrel.Client", "Petrel.Model"],
        ["Petrel.Security"] = ["Petrel.Model"],
        ["Petrel.Controllers"] = ["Petrel.Workloads", "Petrel.Client", "Petrel.Model"],
        ["Petrel.Scheduler"] = ["Petrel.Workloads", "Petrel.Client", "Petrel.Model"],
        ["Petrel.Agent"] = ["Petrel.Network", "Petrel.Workloads", "Petrel.Client", "Petrel.Model"],
        ["Petrel.Network"] = ["Petrel.Workloads", "Petrel.Client", "Petrel.Model"],
        ["Petrel.Hosting"] = ["Petrel.Model"],
        ["Petrel.SimulatedNodes"] = ["Petrel.Agent", "Petrel.Network", "Petrel.Workloads", "Petrel.Client", "Petrel.Model"],
        ["Petrel.Faults"] = ["Petrel.Model"],
        ["Petrel.Network.Linux"] = ["Petrel.Network", "Petrel.Client", "Petrel.Model"],
        ["Petrel.LocalCluster"] = ["Petrel.Client", "Petrel.Model", "Petrel.Network", "Petrel.Network.Linux", "Petrel.Security"],
        // Its rules judge the programs, and must not share code with them: they do without Petrel.Workloads.
        ["Petrel.Simulation"] =
        [
            "Petrel.Agent",
            "Petrel.ApiServer",
            "Petrel.Client",
            "Petrel.Controllers",
            "Petrel.Faults",
            "Petrel.Model",
            "Petrel.Scheduler",
            "Petrel.Store",
        ],
        ["Petrel.Cli"] =
        [
            "Petrel.Agent",
            "Petrel.ApiServer",
            "Petrel.Client",
            "Petrel.Controllers",
            "Petrel.Faults",
            "Petrel.Hosting",
            "Petrel.LocalCluster",
            "Petrel.Model",
            "Petrel.Network",
            "Petrel.Network.Linux",
            "Petrel.Scheduler",
            "Petrel.Security",
            "Petrel.SimulatedNodes",
            "Petrel.Simulation",
            "Petrel.Store",
            "Petrel.Workloads",
        ],
    };

    public static TheoryData<string> Parts => new(Allowed.Keys);

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_part_uses_only_the_parts_below_it(string part)
    {
        var forbidden = Allowed.Keys.Except(Allowed[part]).Where(other => other != part).ToArray();

        var result = Types
            .InAssembly(Assembly.Load(part == "Petrel.Cli" ? "petrel" : part))
            .ShouldNot()
            .HaveDependencyOnAny(forbidden)
            .GetResult();

        Assert.True(
            result.IsSuccessful,
            $"{part} must not use {string.Join(", ", forbidden)}: {string.Join(", ", result.FailingTypeNames ?? [])}"
        );
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_projects_references_are_the_arrows(string part)
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "src", part, $"{part}.csproj"));
        var references = project
            .Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!));

        Assert.Empty(references.Except(Allowed[part]));
    }

    [Fact]
    public void Only_edge_projects_leave_the_determinism_contract()
    {
        var edges = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(path => XDocument.Load(path).Descendants("PetrelEdge").Any(e => e.Value == "true"))
            .Select(Path.GetFileNameWithoutExtension)
            .Order(StringComparer.Ordinal);

        Assert.Equal(["Petrel.Cli", "Petrel.Hosting", "Petrel.LocalCluster", "Petrel.Network.Linux", "Petrel.Security"], edges);
    }

    [Fact]
    public void The_determinism_contract_is_switched_off_only_with_a_reason()
    {
        var bare =
            from path in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            where !path.Contains("/obj/", StringComparison.Ordinal)
            let lines = File.ReadAllLines(path)
            from i in Enumerable.Range(0, lines.Length)
            where
                lines[i].Contains("pragma warning disable RS0030", StringComparison.Ordinal)
                && !lines[i].Contains("//", StringComparison.Ordinal)
                && (i == 0 || !lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
            select $"{Path.GetRelativePath(Repository.Root, path)}:{i + 1}";

        Assert.Empty(bare);
    }
}
