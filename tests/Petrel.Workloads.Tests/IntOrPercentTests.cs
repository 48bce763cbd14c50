using CsCheck;

namespace Petrel.Workloads.Tests;

public sealed class IntOrPercentTests
{
    [Theory]
    [InlineData("3", 10, true, 3)]
    [InlineData("0", 10, true, 0)]
    [InlineData("25%", 10, true, 3)]
    [InlineData("25%", 10, false, 2)]
    [InlineData("0%", 10, true, 0)]
    [InlineData("1%", 1, true, 1)]
    [InlineData("1%", 1, false, 0)]
    [InlineData("100%", 7, false, 7)]
    [InlineData("150%", 7, true, 11)]
    [InlineData("2147483647%", 2147483647, true, 2147483647)]
    [InlineData("2147483648", 1, true, 0)]
    [InlineData("-1", 10, true, 0)]
    [InlineData("%", 10, true, 0)]
    [InlineData("", 10, true, 0)]
    [InlineData("many", 10, true, 0)]
    public void A_number_or_a_percentage_of_the_total(string value, int total, bool roundUp, int expected) =>
        Assert.Equal(expected, IntOrPercent.Resolve(value, total, roundUp));

    [Fact]
    public void Rounding_up_and_down_differ_by_one_unless_the_percentage_is_whole() =>
        Gen.Select(Gen.Int[0, 200], Gen.Int[0, 5000])
            .Sample(
                (percent, total) =>
                {
                    var (down, up) = (IntOrPercent.Resolve($"{percent}%", total, false), IntOrPercent.Resolve($"{percent}%", total, true));
                    Assert.Equal(percent * total / 100, down);
                    Assert.Equal(percent * total % 100 == 0 ? down : down + 1, up);
                },
                iter: 1000
            );
}
