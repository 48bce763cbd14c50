using Petrel.Hosting.Front;

namespace Petrel.Hosting.Tests;

public sealed class DescriptorLimitTests
{
    [Theory]
    [InlineData("Max open files            1024                 4096                 files", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files", long.MaxValue)]
    [InlineData("Max processes             12                   12                   processes", 1024)]
    [InlineData("Max open files", 1024)]
    public void The_limit_is_read_from_the_kernels_table(string line, long limit) =>
        Assert.Equal(limit, DescriptorLimit.Parse(["Limit                     Soft Limit           Hard Limit           Units", line]));

    [Theory]
    [InlineData(64, 20, 16)]
    [InlineData(256, 20, 108)]
    [InlineData(1024, 150, 618)]
    [InlineData(8192, 200, 5944)]
    [InlineData(long.MaxValue, 200, 10_000)]
    public void Some_descriptors_are_for_other_things_than_connections(long descriptors, int open, int connections) =>
        Assert.Equal(connections, DescriptorLimit.ConnectionsOf(descriptors, open));

    [Fact]
    public void The_soft_limit_is_the_hard_one_in_this_process()
    {
        var line = File.ReadLines("/proc/self/limits").Single(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var fields = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(fields[1], fields[0]);
    }
}
