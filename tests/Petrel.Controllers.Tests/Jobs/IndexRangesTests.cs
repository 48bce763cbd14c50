using CsCheck;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.Tests.Jobs;

public sealed class IndexRangesTests
{
    private static readonly Gen<int[]> Indexes = Gen.Int[0, 40].Array[0, 30];

    [Theory]
    [InlineData("", "")]
    [InlineData("0", "0")]
    [InlineData("0,1", "0,1")]
    [InlineData("0,1,2", "0-2")]
    [InlineData("1,3-5,7", "1,3-5,7")]
    [InlineData("5,1-3,2-4", "1-5")]
    [InlineData("1,x,3-y,5-4,7-8-9,9", "1,9")]
    [InlineData("8-20,30", "8,9")]
    public void The_compressed_form_is_read_and_written(string text, string written) =>
        Assert.Equal(written, IndexRanges.Parse(text, 10).ToString());

    [Fact]
    public void Set_operations_are_those_of_a_set_of_integers()
    {
        Gen.Select(Indexes, Indexes, Gen.Int[0, 50])
            .Sample(
                (a, b, completions) =>
                {
                    var (left, right) = (IndexRanges.Of(a), IndexRanges.Of(b));
                    var (mine, its) = (a.ToHashSet(), b.ToHashSet());
                    Assert.Equal(mine.Count, left.Count);
                    Assert.Equal(mine.Intersect(its).Count(), left.CountCommon(right));
                    Assert.Equal(mine.Union(its).Order(), Enumerable.Range(0, 60).Where(left.Union(right).Contains));
                    Assert.Equal(Enumerable.Range(0, completions).Except(mine), left.Missing(completions));
                    Assert.Equal(mine.Order(), Enumerable.Range(0, 60).Where(IndexRanges.Parse(left.ToString(), 60).Contains));
                    Assert.Equal(left.ToString(), IndexRanges.Parse(left.ToString(), 60).ToString());
                }
            );
    }
}
