using k8s;
using k8s.Models;
using Petrel.Controllers.Endpoints;

namespace Petrel.Controllers.Tests.Endpoints;

/// <summary>Services, pods and slices for tests of plans.</summary>
internal static class EndpointObjects
{
    public const string Node = "n1";

    public static V1Service Service(Action<V1Service>? change = null)
    {
        var service = new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "service-uid",
            },
            Spec = new()
            {
                ClusterIP = "10.96.0.10",
                IpFamilies = ["IPv4"],
                Selector = new Dictionary<string, string> { ["app"] = "web" },
                Ports =
                [
                    new()
                    {
                        Name = "http",
                        Port = 80,
                        TargetPort = 8080,
                        Protocol = "TCP",
                    },
                ],
            },
        };
        change?.Invoke(service);
        return service;
    }

    public static V1Pod Pod(string name, string? address = "10.0.0.1", bool ready = true, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = $"uid-{name}",
                Labels = new Dictionary<string, string> { ["app"] = "web" },
            },
            Spec = new() { NodeName = Node, Containers = [new() { Name = "main", Image = "web" }] },
            Status = new()
            {
                Phase = "Running",
                PodIP = address,
                PodIPs = address is null ? null : [new() { Ip = address }],
                Conditions = [new() { Type = "Ready", Status = ready ? "True" : "False" }],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    public static IReadOnlyList<V1Pod> Pods(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Pod($"p{i:d3}", $"10.0.{i / 200}.{(i % 200) + 1}"))];

    public static V1Node? NodeOf(string name) =>
        name == Node
            ? new()
            {
                Metadata = new()
                {
                    Name = Node,
                    Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "z1" },
                },
            }
            : null;

    public static EndpointSlicePlan Plan(V1Service service, IEnumerable<V1Pod> pods, IEnumerable<V1EndpointSlice>? slices = null) =>
        EndpointSlicePlan.Compute(service, pods, slices ?? [], NodeOf);

    /// <summary>The slices after a plan, as the API server would store them.</summary>
    public static IReadOnlyList<V1EndpointSlice> Apply(EndpointSlicePlan plan, IEnumerable<V1EndpointSlice>? slices = null)
    {
        var after = new SortedDictionary<string, V1EndpointSlice>(StringComparer.Ordinal);
        foreach (var slice in slices ?? [])
        {
            after.Add(slice.Metadata.Name, slice);
        }
        foreach (var slice in plan.Delete)
        {
            Assert.True(after.Remove(slice.Metadata.Name));
        }
        foreach (var slice in plan.Update)
        {
            Assert.True(after.ContainsKey(slice.Metadata.Name));
            Assert.Equal(after[slice.Metadata.Name].AddressType, slice.AddressType);
            after[slice.Metadata.Name] = Copy(slice);
        }
        var number = 0;
        foreach (var slice in plan.Create)
        {
            var created = Copy(slice);
            while (after.ContainsKey($"{slice.Metadata.GenerateName}{number:d4}"))
            {
                number++;
            }
            created.Metadata.Name = $"{slice.Metadata.GenerateName}{number:d4}";
            after.Add(created.Metadata.Name, created);
        }
        return [.. after.Values];
    }

    public static IReadOnlyList<V1EndpointSlice> Settled(V1Service service, IEnumerable<V1Pod> pods) => Apply(Plan(service, pods));

    public static V1EndpointSlice Copy(V1EndpointSlice slice) =>
        KubernetesJson.Deserialize<V1EndpointSlice>(KubernetesJson.Serialize(slice));
}
