using k8s.Models;
using Petrel.Network.Linux;
using Petrel.Network.Services;

namespace Petrel.Network.Tests;

public sealed class ServiceRulesTests
{
    [Fact]
    public void Only_ready_endpoints_are_chosen_while_there_is_one()
    {
        var rules = ServiceRules.Render(
            [Service("10.96.0.5")],
            [Slice(("10.64.1.2", true, false), ("10.64.1.3", false, false))],
            "10.96.0.0/16"
        );

        Assert.Contains("10.96.0.5 . tcp . 80 : goto svc-10-96-0-5-tcp-80", rules);
        Assert.Contains("dnat to 10.64.1.2:8080", rules);
        Assert.DoesNotContain("10.64.1.3", rules);
    }

    [Fact]
    public void Terminating_endpoints_that_serve_are_the_last_resort()
    {
        var rules = ServiceRules.Render(
            [Service("10.96.0.5")],
            [Slice(("10.64.1.2", false, false), ("10.64.1.3", false, true))],
            "10.96.0.0/16"
        );

        Assert.Contains("dnat to 10.64.1.3:8080", rules);
        Assert.DoesNotContain("10.64.1.2", rules);
    }

    [Fact]
    public void A_service_without_endpoints_is_rejected_and_a_headless_one_has_no_rule()
    {
        var rules = ServiceRules.Render([Service("10.96.0.5"), Service("None", "other")], [], "10.96.0.0/16");

        Assert.DoesNotContain("goto", rules);
        Assert.Contains("ip daddr 10.96.0.0/16 reject", rules);
    }

    [NamespaceFact]
    public Task The_kernel_takes_the_rules_and_balances_by_them() =>
        InNamespaceAsync(async probe =>
        {
            var rules = ServiceRules.Render(
                [Service("10.96.0.5")],
                [Slice(("10.64.1.2", true, false), ("10.64.1.3", true, false))],
                "10.96.0.0/16"
            );
            await probe(rules, "pass");

            // Two servers answer with their own address; forty connections to the service must see both.
            Assert.Equal("10.64.1.2 10.64.1.3", await probe(rules, BalanceProbe));
        });

    [NamespaceFact]
    public Task Each_port_of_a_service_leads_to_the_slices_that_have_it() =>
        InNamespaceAsync(async probe =>
        {
            var service = Service("10.96.0.5");
            service.Spec.Ports = [new() { Name = "port80", Port = 80 }, new() { Name = "port81", Port = 81 }];
            string Rules(params (string Name, string Address, int Port)[] slices) =>
                ServiceRules.Render(
                    [service],
                    slices.Select(
                        (s, i) =>
                        {
                            var slice = Slice((s.Address, true, false));
                            slice.Metadata.Name = $"web-{i}";
                            slice.Ports = [new() { Name = s.Name, Port = s.Port }];
                            return slice;
                        }
                    ),
                    "10.96.0.0/16"
                );

            // Two ports of one pod in two slices, and two pods with one port each.
            Assert.Equal(
                "10.64.1.2:8090 10.64.1.2:9090",
                await probe(Rules(("port80", "10.64.1.2", 8090), ("port81", "10.64.1.2", 9090)), PortProbe("tcp 80", "tcp 81"))
            );
            Assert.Equal(
                "10.64.1.2:8090 10.64.1.3:9090",
                await probe(Rules(("port80", "10.64.1.2", 8090), ("port81", "10.64.1.3", 9090)), PortProbe("tcp 80", "tcp 81"))
            );
        });

    [NamespaceFact]
    public Task A_port_is_open_for_the_protocols_that_the_service_has_it_for() =>
        InNamespaceAsync(async probe =>
        {
            foreach (
                var (protocols, seen) in new[]
                {
                    ("TCP UDP", "10.64.1.2:8090 10.64.1.2:8090"),
                    ("TCP", "10.64.1.2:8090 closed"),
                    ("UDP", "closed 10.64.1.2:8090"),
                }
            )
            {
                var names = protocols.Split(' ');
                var service = Service("10.96.0.5");
                service.Spec.Ports =
                [
                    .. names.Select(p => new V1ServicePort
                    {
                        Name = p,
                        Port = 80,
                        Protocol = p,
                    }),
                ];
                var slice = Slice(("10.64.1.2", true, false));
                slice.Ports =
                [
                    .. names.Select(p => new Discoveryv1EndpointPort
                    {
                        Name = p,
                        Port = 8090,
                        Protocol = p,
                    }),
                ];

                var rules = ServiceRules.Render([service], [slice], "10.96.0.0/16");
                Assert.Equal(seen, await probe(rules, PortProbe("tcp 80", "udp 80")));
            }
        });

    // Makes a network namespace where the addresses of two pods are, and lends a way to load rules there and to run Python.
    private static async Task InNamespaceAsync(Func<Func<string, string, Task<string>>, Task> work)
    {
        var token = TestContext.Current.CancellationToken;
        var name = $"petrel-rules-{Environment.ProcessId}";
        await NetworkTool.RunAsync("ip", ["netns", "add", name], null, token);
        try
        {
            await NetworkTool.RunAsync(
                "ip",
                ["-netns", name, "-batch", "-"],
                "link set dev lo up\naddr add 10.64.1.2/32 dev lo\naddr add 10.64.1.3/32 dev lo\nroute add 10.96.0.0/16 dev lo\n",
                token
            );
            var inside = new[] { $"--net=/run/netns/{name}" };
            await work(
                async (rules, program) =>
                {
                    await NetworkTool.RunAsync("nsenter", [.. inside, "nft", "-f", "-"], rules, token);
                    return (await NetworkTool.RunAsync("nsenter", [.. inside, "python3", "-c", program], null, token)).Trim();
                }
            );
        }
        finally
        {
            await NetworkTool.RunAsync("ip", ["netns", "del", name], null, CancellationToken.None);
        }
    }

    // Servers say their address and port; each of the service's ports is asked once.
    private static string PortProbe(params string[] ports) =>
        $$"""
            import socket, threading
            def udp(s, address, port):
                while True:
                    _, peer = s.recvfrom(100)
                    s.sendto(f"{address}:{port}".encode(), peer)
            def ask(protocol, port):
                try:
                    if protocol == "tcp":
                        with socket.create_connection(("10.96.0.5", port), timeout=3) as c:
                            return c.recv(100).decode()
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                        c.settimeout(3)
                        c.connect(("10.96.0.5", port)); c.send(b"?")
                        return c.recv(100).decode()
                except OSError: # Rejected where it is sent, as refused, as not permitted, or in silence.
                    return "closed"
            def listen(address, port):
                s = socket.create_server((address, port))
                def run():
                    while True:
                        c, _ = s.accept()
                        c.sendall(f"{address}:{port}".encode()); c.close()
                threading.Thread(target=run, daemon=True).start()
                u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                u.bind((address, port))
                threading.Thread(target=udp, args=(u, address, port), daemon=True).start()
            for address in ("10.64.1.2", "10.64.1.3"):
                for port in (8090, 9090):
                    listen(address, port)
            print(*(ask(p, int(n)) for p, n in ({{string.Join(", ", ports.Select(p => $"'{p}'.split()"))}},)))
            """;

    private const string BalanceProbe = """
        import socket, threading
        def serve(address):
            s = socket.create_server((address, 8080))
            def run():
                while True:
                    c, _ = s.accept()
                    c.sendall(address.encode()); c.close()
            threading.Thread(target=run, daemon=True).start()
        serve("10.64.1.2"); serve("10.64.1.3")
        seen = set()
        for _ in range(40):
            with socket.create_connection(("10.96.0.5", 80), timeout=5) as c:
                seen.add(c.recv(100).decode())
        print(*sorted(seen))
        """;

    private static V1Service Service(string clusterIp, string name = "web") =>
        new()
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new() { ClusterIP = clusterIp, Ports = [new() { Port = 80, Protocol = "TCP" }] },
        };

    private static V1EndpointSlice Slice(params (string Address, bool Ready, bool ServingTerminating)[] endpoints) =>
        new()
        {
            Metadata = new()
            {
                Name = "web-1",
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
            },
            AddressType = "IPv4",
            Ports = [new() { Port = 8080, Protocol = "TCP" }],
            Endpoints = endpoints
                .Select(e => new V1Endpoint
                {
                    Addresses = [e.Address],
                    Conditions = new()
                    {
                        Ready = e.Ready,
                        Serving = e.Ready || e.ServingTerminating,
                        Terminating = e.ServingTerminating,
                    },
                })
                .ToList(),
        };
}
