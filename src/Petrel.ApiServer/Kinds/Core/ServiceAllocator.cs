using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>
/// Gives Services their cluster addresses and node ports. Each allocated value is a key of its own in the store, committed with the
/// Service in one batch: no two Services share a value, and deleting a Service releases its values.
/// </summary>
internal sealed class ServiceAllocator : IAllocator
{
    /// <summary>The store keys of allocated values.</summary>
    public const string Prefix = "/petrel/allocations/services/";

    public static ServiceAllocator Instance { get; } = new();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoreOperation>> AllocateAsync(
        AllocationContext context,
        KindDefinition kind,
        ObjectKey key,
        JsonObject document,
        JsonObject? old,
        CancellationToken cancellationToken
    )
    {
        var spec = document.Ensure("spec");
        var held = old is null ? [] : Held(old);
        var wanted = new SortedSet<string>(StringComparer.Ordinal);
        var errors = new FieldErrors();
        // Do not allocate for a contradictory spec.
        ServiceAddresses.Validate(spec, errors);
        Refuse(kind, key, errors);
        if (!ServiceAddresses.IsOfAnyFamily(spec))
        {
            Family(spec, errors);
            Refuse(kind, key, errors);
        }
        if (HasAddress(spec))
        {
            await AddressAsync(context, spec, held, wanted, errors, cancellationToken);
        }
        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            await NodePortsAsync(context, spec, held, wanted, errors, cancellationToken);
        }
        if (ServiceDefaults.NeedsHealthPort(spec))
        {
            await HealthPortAsync(context, spec, held, wanted, cancellationToken);
        }
        Refuse(kind, key, errors);
        var owner = Encoding.UTF8.GetBytes(key.ToString());
        var operations = new List<StoreOperation>();
        operations.AddRange(wanted.Except(held).Select(name => StoreOperation.Put(Prefix + name, owner, 0)));
        operations.AddRange(await ReleaseAsync(context.Store, key, held.Except(wanted), cancellationToken));
        return operations;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoreOperation>> ReleaseAsync(
        AllocationContext context,
        ObjectKey key,
        JsonObject document,
        CancellationToken cancellationToken
    ) => ReleaseAsync(context.Store, key, Held(document), cancellationToken);

    // Delete only existing keys that the Service owns: a batch that deletes a missing key never succeeds.
    private static async ValueTask<IReadOnlyList<StoreOperation>> ReleaseAsync(
        IRevisionedStore store,
        ObjectKey key,
        IEnumerable<string> names,
        CancellationToken cancellationToken
    )
    {
        var owner = Encoding.UTF8.GetBytes(key.ToString());
        var operations = new List<StoreOperation>();
        foreach (var name in names)
        {
            if (await store.GetAsync(Prefix + name, cancellationToken) is { } entry && entry.Value.Span.SequenceEqual(owner))
            {
                operations.Add(StoreOperation.Delete(entry.Key, entry.ModRevision));
            }
        }
        return operations;
    }

    private static void Refuse(KindDefinition kind, ObjectKey key, FieldErrors errors)
    {
        if (errors.Any)
        {
            throw StatusErrors.Invalid(kind, key.Name, errors.All);
        }
    }

    // The cluster is single-stack IPv4.
    private static void Family(JsonObject spec, FieldErrors errors)
    {
        if (spec.Text("ipFamilyPolicy") == "RequireDualStack")
        {
            errors.Invalid("spec.ipFamilyPolicy", "RequireDualStack", "this cluster is not configured for dual-stack services");
        }
        var families = spec.Texts("ipFamilies").ToArray();
        for (var i = 0; i < families.Length; i++)
        {
            if (families[i] != "IPv4")
            {
                errors.Invalid($"spec.ipFamilies[{i}]", families[i], "not configured on this cluster");
            }
        }
    }

    private static bool HasAddress(JsonObject spec) => spec.Text("type") is not "ExternalName" && spec.Text("clusterIP") != "None";

    private static async ValueTask AddressAsync(
        AllocationContext context,
        JsonObject spec,
        SortedSet<string> held,
        SortedSet<string> wanted,
        FieldErrors errors,
        CancellationToken cancellationToken
    )
    {
        var range = IPNetwork.Parse(context.Options.ServiceCidr);
        var asked = spec.Text("clusterIP");
        if (asked.Length == 0)
        {
            asked = await FreeAddressAsync(context, range, cancellationToken);
        }
        else if (!held.Contains("ip/" + asked))
        {
            if (!IPAddress.TryParse(asked, out var address) || !range.Contains(address))
            {
                errors.Invalid(
                    "spec.clusterIPs",
                    new JsonArray(asked),
                    $"failed to allocate IP {asked}: the provided IP ({asked}) is not in the valid range. The range of valid "
                        + $"IPs is {range}"
                );
            }
            else if (await context.Store.GetAsync($"{Prefix}ip/{asked}", cancellationToken) is not null)
            {
                errors.Invalid("spec.clusterIPs", new JsonArray(asked), $"failed to allocate IP {asked}: provided IP is already allocated");
            }
        }
        spec["clusterIP"] = asked;
        spec["clusterIPs"] = new JsonArray(asked);
        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        wanted.Add("ip/" + asked);
    }

    private static async ValueTask<string> FreeAddressAsync(AllocationContext context, IPNetwork range, CancellationToken cancellationToken)
    {
        var network = ToNumber(range.BaseAddress);
        // Neither the network's own address, nor the first (the API's own Service), nor the last.
        var size = Math.Min(1L << (32 - range.PrefixLength), int.MaxValue) - 3;
        var start = context.Entropy.Next((int)Math.Max(1, size));
        for (var i = 0L; i < size; i++)
        {
            var address = ToAddress((uint)(network + 2 + (start + i) % size));
            if (await context.Store.GetAsync($"{Prefix}ip/{address}", cancellationToken) is null)
            {
                return address;
            }
        }
        throw StatusErrors.InternalError("failed to allocate a serviceIP: range is full");
    }

    private static async ValueTask NodePortsAsync(
        AllocationContext context,
        JsonObject spec,
        SortedSet<string> held,
        SortedSet<string> wanted,
        FieldErrors errors,
        CancellationToken cancellationToken
    )
    {
        var giveOut = spec.Text("type") == "NodePort" || spec.Flag("allocateLoadBalancerNodePorts") != false;
        var ports = spec["ports"] as JsonArray ?? [];
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i]!.AsObject();
            var protocol = PortProtocol(port);
            var number = (int)(port.Number("nodePort") ?? 0);
            if (number == 0 && !giveOut)
            {
                continue;
            }
            if (number == 0)
            {
                number = await SharedPortAsync(context, port, ports, held, wanted, cancellationToken);
                port["nodePort"] = number;
            }
            else if (!held.Contains(PortName(protocol, number)))
            {
                var (first, last) = context.Options.NodePorts;
                if (number < first || number > last)
                {
                    errors.Invalid(
                        $"spec.ports[{i}].nodePort",
                        number,
                        $"provided port is not in the valid range. The range of valid ports is {first}-{last}"
                    );
                }
                else if (await context.Store.GetAsync(Prefix + PortName(protocol, number), cancellationToken) is not null)
                {
                    errors.Invalid($"spec.ports[{i}].nodePort", number, "provided port is already allocated");
                }
            }
            wanted.Add(PortName(protocol, number));
        }
    }

    // Ports of one number (DNS on TCP and UDP) share their node port, be it asked for or given out.
    private static async ValueTask<int> SharedPortAsync(
        AllocationContext context,
        JsonObject port,
        JsonArray ports,
        SortedSet<string> held,
        SortedSet<string> wanted,
        CancellationToken cancellationToken
    )
    {
        var same = ports.OfType<JsonObject>().Where(p => p.Number("port") == port.Number("port")).ToList();
        var own = PortProtocol(port);
        foreach (var number in same.Select(p => (int)(p.Number("nodePort") ?? 0)).Where(n => n > 0))
        {
            var name = PortName(own, number);
            if (!wanted.Contains(name) && (held.Contains(name) || await context.Store.GetAsync(Prefix + name, cancellationToken) is null))
            {
                return number;
            }
        }
        string[] protocols = [.. same.Where(p => (p.Number("nodePort") ?? 0) == 0).Select(PortProtocol)];
        return await FreePortAsync(context, protocols, wanted, cancellationToken);
    }

    private static string PortProtocol(JsonObject port) => port.Text("protocol") is { Length: > 0 } protocol ? protocol : "TCP";

    /// <summary>
    /// The health check node port, where nodes report whether they have a pod of the Service. It is allocated like any other node port.
    /// </summary>
    private static async ValueTask HealthPortAsync(
        AllocationContext context,
        JsonObject spec,
        SortedSet<string> held,
        SortedSet<string> wanted,
        CancellationToken cancellationToken
    )
    {
        var number = (int)(spec.Number("healthCheckNodePort") ?? 0);
        if (number == 0)
        {
            number = await FreePortAsync(context, ["TCP"], wanted, cancellationToken);
            spec["healthCheckNodePort"] = number;
        }
        else if (!held.Contains(PortName("TCP", number)))
        {
            var (first, last) = context.Options.NodePorts;
            if (number < first || number > last)
            {
                throw StatusErrors.InternalError(
                    $"failed to allocate requested HealthCheck NodePort {number}: provided port is not in the valid range. The "
                        + $"range of valid ports is {first}-{last}"
                );
            }
            if (
                await context.Store.GetAsync(Prefix + PortName("TCP", number), cancellationToken) is not null
                || wanted.Contains(PortName("TCP", number))
            )
            {
                throw StatusErrors.InternalError(
                    $"failed to allocate requested HealthCheck NodePort {number}: provided port is already allocated"
                );
            }
        }
        wanted.Add(PortName("TCP", number));
    }

    /// <summary>A port that is free for all of these protocols.</summary>
    private static async ValueTask<int> FreePortAsync(
        AllocationContext context,
        string[] protocols,
        SortedSet<string> wanted,
        CancellationToken cancellationToken
    )
    {
        var (first, last) = context.Options.NodePorts;
        var size = last - first + 1;
        var start = context.Entropy.Next(size);
        for (var i = 0; i < size; i++)
        {
            var number = first + (start + i) % size;
            var isFree = true;
            foreach (var name in protocols.Select(p => PortName(p, number)))
            {
                isFree = isFree && !wanted.Contains(name) && await context.Store.GetAsync(Prefix + name, cancellationToken) is null;
            }
            if (isFree)
            {
                return number;
            }
        }
        throw StatusErrors.InternalError("failed to allocate a nodePort: range is full");
    }

    private static SortedSet<string> Held(JsonObject service)
    {
        var held = new SortedSet<string>(StringComparer.Ordinal);
        if (service.Child("spec") is not { } spec)
        {
            return held;
        }
        if (HasAddress(spec) && spec.Text("clusterIP") is { Length: > 0 } address)
        {
            held.Add("ip/" + address);
        }
        foreach (var port in spec["ports"] as JsonArray ?? [])
        {
            if (port!.AsObject().Number("nodePort") is { } number and > 0)
            {
                held.Add(PortName(PortProtocol(port.AsObject()), (int)number));
            }
        }
        if (spec.Number("healthCheckNodePort") is { } health and > 0)
        {
            held.Add(PortName("TCP", (int)health));
        }
        return held;
    }

    private static string PortName(string protocol, int number) => string.Create(CultureInfo.InvariantCulture, $"port/{protocol}/{number}");

    private static uint ToNumber(IPAddress address) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static string ToAddress(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
