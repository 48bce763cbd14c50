using System.Net;
using Petrel.Network.Pods;

namespace Petrel.Network.Linux;

/// <param name="Bridge">The bridge's name (at most 15 characters), for example <c>pods0</c>.</param>
/// <param name="PodCidr">The node's range of pod addresses; its first address is the gateway, on the bridge.</param>
/// <param name="StateDirectory">The directory of the address leases, one file per address.</param>
public sealed record BridgePodNetworkSettings(string Bridge, IPNetwork PodCidr, string StateDirectory);

/// <summary>
/// Applies <see cref="PodNetworkPlan"/> and <see cref="HostPortRules"/> in the node's network namespace. The node's own routes determine
/// where packets go that leave the node.
/// </summary>
public sealed class BridgePodNetwork(BridgePodNetworkSettings settings) : IPodNetwork
{
    private readonly PodNetworkPlan _plan = new(settings.Bridge, settings.PodCidr);
    private readonly HostPortRules _hostPorts = new(settings.Bridge);
    private readonly AddressLeases _leases = new(settings.PodCidr, Path.Combine(settings.StateDirectory, "addresses"));
    private bool _hostPortsCreated;

    /// <inheritdoc/>
    public async ValueTask StartAsync(IReadOnlyCollection<string> sandboxes, CancellationToken cancellationToken)
    {
        foreach (var lost in _leases.Load().Where(id => !sandboxes.Contains(id)))
        {
            _leases.Release(lost);
        }
        if (!Directory.Exists($"/sys/class/net/{_plan.Bridge}") || !await HasAddressAsync(cancellationToken))
        {
            await NetworkTool.IpBatchForcedAsync($"link del dev {_plan.Bridge}\n", cancellationToken);
            await ApplyAsync("ip", ["-batch", "-"], _plan.CreateBridge(), cancellationToken);
        }
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1", cancellationToken);
    }

    /// <inheritdoc/>
    public PodAddress Allocate(string sandboxId) => new(_leases.Allocate(sandboxId).ToString(), PodNetworkPlan.PortName(sandboxId));

    /// <inheritdoc/>
    public string Commands(PodAddress address) => _plan.SetUpPod(address, $"/proc/{Environment.ProcessId}/ns/net");

    /// <inheritdoc/>
    public async ValueTask ConnectAsync(
        string sandboxId,
        PodAddress address,
        IReadOnlyList<PortMapping> hostPorts,
        CancellationToken cancellationToken
    )
    {
        await ApplyAsync("ip", ["-batch", "-"], _plan.ConnectPod(address), cancellationToken);
        if (hostPorts.Count > 0)
        {
            var create = _hostPortsCreated ? "" : _hostPorts.Create();
            await ApplyAsync("nft", ["-f", "-"], create + _hostPorts.Add(address.Address, hostPorts), cancellationToken);
            _hostPortsCreated = true;
        }
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string sandboxId, IReadOnlyList<PortMapping> hostPorts, CancellationToken cancellationToken)
    {
        if (!_leases.Contains(sandboxId))
        {
            return;
        }
        foreach (var port in hostPorts)
        {
            // Ignore missing rules, because a power cut removes the rules together with their namespace.
            await NetworkTool.TryRunAsync("nft", ["-f", "-"], _hostPorts.Remove(port), cancellationToken);
        }
        await NetworkTool.IpBatchForcedAsync(PodNetworkPlan.RemovePod(sandboxId), cancellationToken);
        _leases.Release(sandboxId);
    }

    private async ValueTask<bool> HasAddressAsync(CancellationToken cancellationToken)
    {
        var shown = await NetworkTool.TryRunAsync("ip", ["-o", "-4", "addr", "show", "dev", _plan.Bridge], null, cancellationToken);
        return shown?.Contains($" {_plan.BridgeAddress} ", StringComparison.Ordinal) == true;
    }

    private static async ValueTask ApplyAsync(string program, string[] arguments, string commands, CancellationToken cancellationToken)
    {
        try
        {
            await NetworkTool.RunAsync(program, arguments, commands, cancellationToken);
        }
        catch (CommandException e)
        {
            throw new PodNetworkException(e.Message, e);
        }
    }
}
