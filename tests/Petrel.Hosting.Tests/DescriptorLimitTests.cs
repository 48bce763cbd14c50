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
    [InlineData(64, 16)]
    [InlineData(256, 128)]
    [InlineData(1024, 768)]
    [InlineData(8192, 6144)]
    [InlineData(long.MaxValue, 10_000)]
    public void A_quarter_of_the_descriptors_is_for_other_things_than_connections(long descriptors, int connections) =>
        Assert.Equal(connections, DescriptorLimit.ConnectionsOf(descriptors));

    [Fact]
    public void The_soft_limit_is_the_hard_one_in_this_process()
    {
        var line = File.ReadLines("/proc/self/limits").Single(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var fields = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(fields[1], fields[0]);
    }
}
