using System.Text.RegularExpressions;
using Petrel.Faults.Definitions;

namespace Petrel.Faults.Tests;

public sealed partial class BuiltInFaultsTests
{
    public static TheoryData<string> Names => [.. BuiltInFaults.Registry.All.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_definition_describes_each_fault_that_it_draws(string name)
    {
        var definition = BuiltInFaults.Registry.Find(name)!;
        var settings = new FaultSettings { Weights = [(definition, 1)] };
        var faults = Enumerable
            .Range(1, 20)
            .SelectMany(seed => FaultDrawing.Draw(settings, BuiltInFaults.Registry, 3, (ulong)seed))
            .ToList();

        Assert.NotEmpty(faults);
        Assert.All(faults, f =>
        {
            Assert.Equal(name, f.Kind);
            Assert.IsType(definition.ParametersType, f.Parameters);
            Assert.Matches(@"^\w.*[\w)%s]$", BuiltInFaults.Registry.Describe(f));
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_is_in_kebab_case_and_its_capability_is_an_interface(string name)
    {
        Assert.Matches(KebabCase(), name);
        Assert.StartsWith("ICan", BuiltInFaults.Registry.Find(name)!.Capability.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_of_a_definition_has_its_row()
    {
        var defined = typeof(BuiltInFaults)
            .Assembly.GetTypes()
            .SelectMany(t => t.GetProperties())
            .Where(p => p.PropertyType == typeof(FaultDefinition) && p.GetMethod!.IsStatic)
            .Select(p => (FaultDefinition)p.GetValue(null)!);

        Assert.Equal(defined.Select(d => d.Name).Order(), BuiltInFaults.Registry.All.Select(d => d.Name).Order());
    }

    [Fact]
    public void A_former_name_is_found()
    {
        Assert.Same(NetworkDegradation.Definition, BuiltInFaults.Registry.Find("weather"));
    }

    [GeneratedRegex("^[a-z]+(-[a-z]+)*$")]
    private static partial Regex KebabCase();
}
