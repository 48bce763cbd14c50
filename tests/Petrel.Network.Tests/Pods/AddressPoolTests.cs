using System.Net;
using Petrel.Network.Pods;

namespace Petrel.Network.Tests.Pods;

public sealed class AddressPoolTests
{
    [Fact]
    public void A_released_address_is_handed_out_again_only_after_all_others()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/29"));
        Assert.Equal("10.1.2.1", pool.Gateway.ToString());
        Assert.Equal(["10.1.2.2", "10.1.2.3"], [$"{pool.Take()}", $"{pool.Take()}"]);

        pool.Release(IPAddress.Parse("10.1.2.2"));

        Assert.Equal(
            ["10.1.2.4", "10.1.2.5", "10.1.2.6", "10.1.2.2"],
            [$"{pool.Take()}", $"{pool.Take()}", $"{pool.Take()}", $"{pool.Take()}"]
        );
        Assert.Null(pool.Take());
    }

    [Fact]
    public void The_search_continues_after_the_last_address_of_an_earlier_pool()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/29")) { Last = IPAddress.Parse("10.1.2.4") };
        Assert.True(pool.TryTake(IPAddress.Parse("10.1.2.5")));

        Assert.Equal("10.1.2.6", $"{pool.Take()}");
        Assert.Equal("10.1.2.6", $"{pool.Last}");
        Assert.Equal("10.1.2.2", $"{pool.Take()}");
    }

    [Theory]
    [InlineData("10.1.2.0")]
    [InlineData("10.1.2.1")]
    [InlineData("10.1.2.7")]
    [InlineData("10.1.3.2")]
    [InlineData("::1")]
    public void The_network_the_gateway_the_broadcast_address_and_foreign_ones_cannot_be_taken(string address)
    {
        var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/29"));
        Assert.False(pool.TryTake(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("10.0.0.0/31")]
    [InlineData("10.0.0.0/7")]
    [InlineData("fd00::/64")]
    public void A_range_is_IPv4_with_a_prefix_from_8_to_30(string range)
    {
        Assert.ThrowsAny<Exception>(() => new AddressPool(IPNetwork.Parse(range)));
    }

    [Fact]
    public void No_address_is_handed_out_twice_at_a_time()
    {
        var commands = CsCheck.Gen.Int[0, 20].List[0, 200];
        CsCheck.Check.Sample(
            commands,
            steps =>
            {
                var pool = new AddressPool(IPNetwork.Parse("10.1.2.0/28"));
                var held = new List<IPAddress>();
                foreach (var step in steps)
                {
                    if (step < held.Count)
                    {
                        pool.Release(held[step]);
                        held.RemoveAt(step);
                    }
                    else if (pool.Take() is { } address)
                    {
                        Assert.DoesNotContain(address, held);
                        held.Add(address);
                    }
                    else
                    {
                        Assert.Equal((int)pool.Capacity, held.Count);
                    }
                }
            },
            iter: 500
        );
    }
}
