using Petrel.Simulation.Shrinking;

namespace Petrel.Simulation.Tests.Shrinking;

public sealed class DeltaDebuggingTests
{
    [Theory]
    [InlineData(new[] { 3 })]
    [InlineData(new[] { 3, 17 })]
    [InlineData(new[] { 0, 1, 50, 99 })]
    [InlineData(new int[0])]
    public void What_it_takes_is_left_and_nothing_else(int[] needed)
    {
        var runs = 0;
        var left = DeltaDebugging.Minimise(
            [.. Enumerable.Range(0, 100)],
            items =>
            {
                runs++;
                return needed.All(items.Contains);
            },
            () => false
        );

        Assert.Equal(needed, left);
        Assert.InRange(runs, 1, 200);
    }

    [Fact]
    public void When_it_is_enough_the_smallest_so_far_is_answered()
    {
        var runs = 0;
        bool Fails(IReadOnlyList<int> items)
        {
            runs++;
            return items.Contains(0) && items.Contains(99);
        }
        var left = DeltaDebugging.Minimise([.. Enumerable.Range(0, 100)], Fails, () => runs >= 8);

        Assert.True(Fails(left));
        Assert.InRange(left.Count, 3, 99);
    }
}
