using System.Net;
using Petrel.Network.Pods;

namespace Petrel.Network.Tests.Pods;

public sealed class PodNetworkPlanTests
{
    private readonly PodNetworkPlan _plan = new("pods0", IPNetwork.Parse("10.64.1.0/24"));

    [Fact]
    public void The_bridge_has_the_ranges_first_address()
    {
        Assert.Equal("link add name pods0 type bridge\naddr add 10.64.1.1/24 dev pods0\nlink set dev pods0 up\n", _plan.CreateBridge());
    }

    [Fact]
    public void A_pod_has_a_veth_pair_an_address_and_the_bridge_as_its_gateway()
    {
        var address = new PodAddress("10.64.1.7", PodNetworkPlan.PortName("0123456789abcdef"));

        Assert.Equal(
            "link set dev lo up\n"
                + "link add name eth0 type veth peer name pod0123456789ab netns /proc/12/ns/net\n"
                + "addr add 10.64.1.7/24 dev eth0\n"
                + "link set dev eth0 up\n"
                + "route add default via 10.64.1.1 dev eth0\n",
            _plan.SetUpPod(address, "/proc/12/ns/net")
        );
        Assert.Equal("link set dev pod0123456789ab master pods0 up\n", _plan.ConnectPod(address));
        Assert.Equal("link del dev pod0123456789ab\n", PodNetworkPlan.RemovePod("0123456789abcdef"));
    }

    [Fact]
    public void Host_ports_are_elements_of_one_map_for_all_addresses_and_of_one_for_single_ones()
    {
        var rules = new HostPortRules("pods0");
        PortMapping[] ports = [new(8080, 80, "TCP", ""), new(53, 5353, "UDP", "10.200.0.2")];

        Assert.Equal(
            "add element ip petrel-hostports-pods0 every { tcp . 8080 : 10.64.1.7 . 80 }\n"
                + "add element ip petrel-hostports-pods0 single { 10.200.0.2 . udp . 53 : 10.64.1.7 . 5353 }\n",
            rules.Add("10.64.1.7", ports)
        );
        Assert.Equal("delete element ip petrel-hostports-pods0 every { tcp . 8080 }\n", rules.Remove(ports[0]));
        Assert.StartsWith("table ip petrel-hostports-pods0 {\n", rules.Create(), StringComparison.Ordinal);
    }
}
