using System.Net;
using Petrel.Agent;
using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model.Determinism;
using Petrel.Network.Pods;

namespace Petrel.SimulatedNodes.Nodes;

/// <summary>
/// One simulated node. What it is follows from its number and the settings; when it falls silent, from the seed and its name. Only its
/// addresses and whether it is silent are looked at from elsewhere; the rest belongs to whoever reconciles the node.
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
    /// <param name="random">The simulator's chance.</param>
    /// <param name="now">From when on it may fail.</param>
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
        // As if it had been renewed at some moment of the last interval: all nodes together renew evenly.
        FirstRenewal = simulated.LeaseRenewInterval * _chance.NextDouble();
        _turnsAt = now + RandomSources.FirstIn(_chance, simulated.NodeFailureRate);
    }

    public string Name => Settings.NodeName;

    public AgentSettings Settings { get; }

    /// <summary>The zone's name, or empty.</summary>
    public string Zone { get; }

    /// <summary>How long after its registration the lease is renewed for the first time.</summary>
    public TimeSpan FirstRenewal { get; }

    /// <summary>Whether the node says nothing at the moment, as if it were cut off: what runs on it goes on.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>When it next falls silent, or speaks again; null for never.</summary>
    public DateTimeOffset? TurnsAt => _turnsAt;

    /// <summary>The uid of its Node object; empty before it is registered.</summary>
    public string Uid { get; set; } = "";

    public bool IsRegistered => Uid.Length > 0;

    /// <summary>The revision of the status that it last reported.</summary>
    public ulong StatusRevision { get; set; }

    public DateTimeOffset StatusDue { get; set; }

    public DateTimeOffset LeaseDue { get; set; }

    public bool HasLease { get; set; }

    /// <summary>Since when it has been ready without a break that it knows of.</summary>
    public DateTimeOffset ReadySince { get; set; }

    /// <summary>Lets failures begin and end that are due. Answers whether it speaks again after a silence.</summary>
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

    /// <summary>An address for a pod: the wanted one when it is the node's and free; empty when there is none left.</summary>
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
