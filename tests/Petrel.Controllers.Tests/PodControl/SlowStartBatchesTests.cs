using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.Tests.PodControl;

public sealed class SlowStartBatchesTests
{
    [Theory]
    [InlineData(0, int.MaxValue, new int[0])]
    [InlineData(1, int.MaxValue, new[] { 1 })]
    [InlineData(8, int.MaxValue, new[] { 1, 2, 4, 1 })]
    [InlineData(8, 3, new[] { 1, 2, 3, 2 })]
    public void Batches_double_up_to_the_largest(int items, int largest, int[] sizes)
    {
        var batches = SlowStartBatches.Of(Enumerable.Range(0, items), largest).ToList();

        Assert.Equal(sizes, batches.Select(b => b.Count));
        Assert.Equal(Enumerable.Range(0, items), batches.SelectMany(b => b));
    }

    [Fact]
    public void A_batch_reads_no_items_of_the_next_one()
    {
        var read = 0;

        var first = SlowStartBatches.Of(Enumerable.Range(0, 10).Select(i => read = i + 1)).First();

        Assert.Equal([1], first);
        Assert.Equal(1, read);
    }
}
