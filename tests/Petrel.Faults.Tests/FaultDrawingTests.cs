using Petrel.Faults.Capabilities;
using Petrel.Faults.Definitions;

namespace Petrel.Faults.Tests;

public sealed class FaultDrawingTests
{
    private static readonly FaultSettings Often = new() { MeanInterval = TimeSpan.FromMilliseconds(30) };

    [Fact]
    public void Every_kind_of_fault_is_drawn_by_default_and_within_the_window()
    {
        var settings = new FaultSettings();
        var faults = Enumerable
            .Range(1, 100)
            .SelectMany(seed => FaultDrawing.Draw(settings, BuiltInFaults.Registry, 5, (ulong)seed))
            .ToArray();

        Assert.Equal(BuiltInFaults.Registry.All.Select(d => d.Name).Order(), faults.Select(f => f.Kind).Distinct().Order());
        Assert.All(faults, f => Assert.InRange(f.End, TimeSpan.Zero, settings.Window));
    }

    [Fact]
    public void Weights_say_how_often_a_kind_is_drawn()
    {
        var settings = Often with { Weights = [(NodeCrash.Definition, 3), (WatchCut.Definition, 1)] };
        var faults = FaultDrawing.Draw(settings, BuiltInFaults.Registry, 5, 1);

        Assert.InRange(faults.Count, 3600, 4400);
        Assert.InRange(faults.Count(f => f.Kind == "node-crash") / (double)faults.Count, 0.72, 0.78);
    }

    [Fact]
    public void Where_there_is_no_node_nothing_is_drawn_that_needs_one()
    {
        var faults = Enumerable.Range(1, 20).SelectMany(seed => FaultDrawing.Draw(new(), BuiltInFaults.Registry, 0, (ulong)seed)).ToArray();

        Assert.NotEmpty(faults);
        Assert.DoesNotContain(faults, f => f.Target.StartsWith("node", StringComparison.Ordinal));
    }

    [Fact]
    public void A_seed_draws_the_same_faults_every_time_and_another_seed_others()
    {
        Assert.Equal(FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, 7), FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, 7));
        Assert.NotEqual(FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, 7), FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, 8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    [InlineData(23)]
    public void An_additional_definition_of_weight_zero_changes_nothing_wherever_its_row_is(int row)
    {
        var more = new FaultRegistry([.. BuiltInFaults.Registry.All.Take(row), Flood(weight: 0), .. BuiltInFaults.Registry.All.Skip(row)]);

        for (var seed = 1UL; seed <= 50; seed++)
        {
            Assert.Equal(FaultDrawing.Draw(new(), BuiltInFaults.Registry, 5, seed), FaultDrawing.Draw(new(), more, 5, seed));
        }
    }

    [Fact]
    public void An_additional_definition_changes_only_the_faults_whose_place_it_takes()
    {
        var more = new FaultRegistry([Flood(weight: 6), .. BuiltInFaults.Registry.All]);
        var before = FaultDrawing.Draw(Often, BuiltInFaults.Registry, 5, 1);
        var after = FaultDrawing.Draw(Often, more, 5, 1);

        Assert.Equal(before.Select(f => f.At), after.Select(f => f.At));
        Assert.All(before.Zip(after), pair => Assert.True(pair.Second.Kind == "flood" || pair.First == pair.Second));
        // Its weight is 6, and the others' is 70.
        Assert.InRange(after.Count(f => f.Kind == "flood") / (double)after.Count, 0.06, 0.10);
    }

    [Fact]
    public void A_changed_weight_leaves_the_other_faults_as_they_were()
    {
        var before = FaultDrawing.Draw(Often, BuiltInFaults.Registry, 5, 1);
        var after = FaultDrawing.Draw(
            Often,
            new([.. BuiltInFaults.Registry.All.Select(d => d.Name == "partition" ? d with { Weight = 12 } : d)]),
            5,
            1
        );

        Assert.All(before.Zip(after), pair => Assert.True(pair.Second.Kind == "partition" || pair.First == pair.Second));
        Assert.InRange(after.Count(f => f.Kind == "partition"), before.Count(f => f.Kind == "partition") + 100, before.Count);
    }

    [Fact]
    public void Another_order_of_rows_changes_nothing()
    {
        var reversed = new FaultRegistry([.. BuiltInFaults.Registry.All.Reverse()]);

        Assert.Equal(FaultDrawing.Draw(Often, BuiltInFaults.Registry, 5, 1), FaultDrawing.Draw(Often, reversed, 5, 1));
    }

    private static FaultDefinition<ICanHeal, NoParameters> Flood(int weight) =>
        new()
        {
            Name = "flood",
            Weight = weight,
            Draw = static draw => new(new(), draw.Node(), draw.Outage()),
            Strike = static (_, fault, stop) => fault.UntilEndAsync(stop),
            Describe = static (who, _) => $"{who} is under water",
        };
}
