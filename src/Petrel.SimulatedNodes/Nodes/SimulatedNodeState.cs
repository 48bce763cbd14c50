using System.Net;
using Petrel.Agent;
using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model.Determinism;
using Petrel.Network.Pods;

namespace Petrel.SimulatedNodes.Nodes;

/// <summary>
/// The state of one simulated node. Its properties depend on its number and the settings. Its failures depend on the seed and its name.
/// Other threads read only its addresses and whether it is silent. All other state belongs to the worker that reconciles the node.
/// </summary>
internal sealed class SimulatedNodeState
{
    private readonly SimulatedNodesSettings _simulated;
    private readonly IEntropy _chance;
    private readonly AddressPool _addresses;
    private readonly Lock _gate = new();
    private DateTimeOffset? _turnsAt;
    private volatile bool _isSilent;

    /// <param name="simulated">The simulator's settings.</param>
    /// <param name="index">The node's number from 0.</param>
    /// <param name="random">The random sources of the simulator.</param>
    /// <param name="now">The time from which on the node may fail.</param>
    public SimulatedNodeState(SimulatedNodesSettings simulated, int index, RandomSources random, DateTimeOffset now)
    {
        _simulated = simulated;
        var range = SimulatedAddressPlan.PodsOf(index, SimulatedAddressPlan.PrefixFor(simulated.MaxPods));
        Settings = new()
        {
            NodeName = $"{simulated.Prefix}{index + 1}",
            NodeAddress = SimulatedAddressPlan.OfNode(index),
            PodCidr = range.ToString(),
            MilliCpu = simulated.MilliCpu,
            Memory = simulated.Memory,
            MaxPods = simulated.MaxPods,
            OsImage = "Simulated Linux",
            KernelVersion = "simulated",
            LeaseDuration = simulated.LeaseDuration,
            LeaseRenewInterval = simulated.LeaseRenewInterval,
            NodeStatusInterval = simulated.NodeStatusInterval,
        };
        Zone = simulated.Zones > 0 ? $"zone-{(index % simulated.Zones) + 1}" : "";
        _addresses = new(range);
        _chance = random.Of($"node {Settings.NodeName}");
        // Start at a random point of the renewal interval, so that the renewals of all nodes are spread evenly.
        FirstRenewal = simulated.LeaseRenewInterval * _chance.NextDouble();
        _turnsAt = now + RandomSources.FirstIn(_chance, simulated.NodeFailureRate);
    }

    public string Name => Settings.NodeName;

    public AgentSettings Settings { get; }

    /// <summary>The name of the zone; empty without zones.</summary>
    public string Zone { get; }

    /// <summary>The delay between the node's registration and the first renewal of its lease.</summary>
    public TimeSpan FirstRenewal { get; }

    /// <summary>Whether the node currently reports nothing, as if it were partitioned. Its pods keep running.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>When the node next fails or recovers; null for never.</summary>
    public DateTimeOffset? TurnsAt => _turnsAt;

    /// <summary>The UID of the Node object; empty before the node is registered.</summary>
    public string Uid { get; set; } = "";

    public bool IsRegistered => Uid.Length > 0;

    /// <summary>The resource version of the last status that the node reported.</summary>
    public ulong StatusRevision { get; set; }

    public DateTimeOffset StatusDue { get; set; }

    public DateTimeOffset LeaseDue { get; set; }

    public bool HasLease { get; set; }

    /// <summary>Since when the node has been Ready without an interruption that it has observed.</summary>
    public DateTimeOffset ReadySince { get; set; }

    /// <summary>Begins and ends the failures that are due. Returns true when the node has recovered from a failure.</summary>
    public bool Advance(DateTimeOffset now)
    {
        var wasSilent = _isSilent;
        while (_turnsAt <= now)
        {
            _isSilent = !_isSilent;
            _turnsAt += _isSilent ? _simulated.NodeDownTime.Draw(_chance) : RandomSources.FirstIn(_chance, _simulated.NodeFailureRate);
        }
        return wasSilent && !_isSilent;
    }

    /// <summary>Allocates a pod address: the requested one if it is in the node's range and free. Empty when none is left.</summary>
    public string TakeAddress(string wanted)
    {
        lock (_gate)
        {
            return wanted.Length > 0 && IPAddress.TryParse(wanted, out var address) && _addresses.TryTake(address)
                ? wanted
                : _addresses.Take()?.ToString() ?? "";
        }
    }

    public void ReturnAddress(string address)
    {
        lock (_gate)
        {
            if (address.Length > 0)
            {
                _addresses.Release(IPAddress.Parse(address));
            }
        }
    }
}
