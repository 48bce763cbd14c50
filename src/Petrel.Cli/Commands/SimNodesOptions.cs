using System.CommandLine;
using System.Globalization;
using k8s.Models;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Client.Http;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Processes;
using Petrel.Model.Documents;
using Petrel.SimulatedNodes;

namespace Petrel.Cli.Commands;

/// <summary>The options of <c>petrel sim-nodes</c>. Each error message names the invalid option.</summary>
internal sealed class SimNodesOptions(SimulatedNodesSettings defaults)
{
    private const int MostNodes = 15_000;

    private readonly Option<int> _count = new("--count") { Description = "How many nodes.", Required = true };
    private readonly Option<string?> _data = new("--data")
    {
        Description = $"The data directory of the local cluster to join (default: PETREL_DATA, else {ClusterDirectory.Default}).",
    };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "Join the cluster of this file's current context instead; its user needs a client certificate.",
    };
    private readonly Option<string?> _server = new("--server")
    {
        Description = "The API server's address, instead of that in the kubeconfig: https://HOST:PORT.",
    };
    private readonly Option<string> _prefix = Text(
        "--prefix",
        "What the nodes' names begin with; several simulators of one cluster need different ones.",
        defaults.Prefix
    );
    private readonly Option<string> _cpu = Text("--cpu", "CPU of each node, as a quantity.", $"{defaults.MilliCpu / 1000}");
    private readonly Option<string> _memory = Text("--memory", "Memory of each node, as a quantity.", $"{defaults.Memory >> 30}Gi");
    private readonly Option<int> _pods = new("--pods")
    {
        Description = "How many pods each node takes.",
        DefaultValueFactory = _ => defaults.MaxPods,
    };
    private readonly Option<string[]> _labels = new("--labels")
    {
        Description = "Labels of each node: KEY=VALUE, several with commas.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string[]> _taints = new("--taint")
    {
        Description = "A taint of each node: KEY[=VALUE]:EFFECT; may be repeated.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int> _zones = new("--zones")
    {
        Description = "Spread the nodes over so many zones in turn (label topology.kubernetes.io/zone).",
    };
    private readonly Option<string> _startDelay = Text(
        "--start-delay",
        "From when a pod reaches its node until it runs and is ready.",
        $"{defaults.StartDelay}"
    );
    private readonly Option<string> _stopDelay = Text(
        "--stop-delay",
        "From when a pod is told to end until it has; never longer than its grace.",
        $"{defaults.StopDelay}"
    );
    private readonly Option<string> _runTime = Text(
        "--run-time",
        "How long the containers of pods run that end by themselves (restartPolicy Never or OnFailure).",
        $"{defaults.RunTime}"
    );
    private readonly Option<double> _podFailures = new("--pod-failure-rate")
    {
        Description = "The chance, from 0 to 1, that a container fails: within each minute, or at the end of its run when it has one.",
    };
    private readonly Option<double> _nodeFailures = new("--node-failure-rate")
    {
        Description = "The chance, from 0 to 1, that a node falls silent within each minute.",
    };
    private readonly Option<string> _downTime = Text("--node-down-time", "How long a silent node stays so.", $"{defaults.NodeDownTime}");
    private readonly Option<string?> _lease = new("--lease-duration")
    {
        Description =
            "How long a node's lease is good for; it is renewed four times within it (default: as the local cluster's own "
            + "nodes, else 40s).",
    };
    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "What delays and failures are drawn from.",
        DefaultValueFactory = _ => defaults.Seed,
    };

    /// <summary>Whether the nodes stay in the cluster at the end.</summary>
    public Option<bool> Keep { get; } = new("--keep") { Description = "Leave the nodes in the cluster at the end." };

    public IEnumerable<Option> All =>
        [
            _count,
            _data,
            _kubeconfig,
            _server,
            _prefix,
            _cpu,
            _memory,
            _pods,
            _labels,
            _taints,
            _zones,
            _startDelay,
            _stopDelay,
            _runTime,
            _podFailures,
            _nodeFailures,
            _downTime,
            _lease,
            _seed,
            Keep,
        ];

    /// <exception cref="UserErrorException">An option has an invalid value.</exception>
    public (SimulatedNodesSettings Settings, HttpApiHandler Connection) Read(ParseResult result)
    {
        var settings = new SimulatedNodesSettings
        {
            Count = Between(result, _count, 1, MostNodes),
            Prefix = Prefix(result.GetValue(_prefix)!, result.GetValue(_count)),
            MilliCpu = Positive(result, _cpu, q => q.MilliValue),
            Memory = Positive(result, _memory, q => q.Value),
            MaxPods = Between(result, _pods, 1, 10_000),
            Labels = [.. Words(result, _labels).Select(Label)],
            Taints = [.. Words(result, _taints).Select(Taint)],
            Zones = Between(result, _zones, 0, MostNodes),
            StartDelay = Range(result, _startDelay),
            StopDelay = Range(result, _stopDelay),
            RunTime = Range(result, _runTime),
            PodFailureRate = Rate(result, _podFailures),
            NodeFailureRate = Rate(result, _nodeFailures),
            NodeDownTime = Range(result, _downTime),
            Seed = result.GetValue(_seed),
        };
        var (connection, lease) = Connect(result);
        if (result.GetValue(_lease) is { } given)
        {
            lease =
                DurationRange.TryParse(given, out var range) && range.Least == range.Most && range.Least >= TimeSpan.FromSeconds(1)
                    ? range.Least
                    : throw new UserErrorException($"--lease-duration: \"{given}\" is not a duration of a second or more, such as 40s.");
        }
        return (settings with { LeaseDuration = lease, LeaseRenewInterval = lease / 4 }, connection);
    }

    private (HttpApiHandler Connection, TimeSpan Lease) Connect(ParseResult result)
    {
        var server = result.GetValue(_server) is { } text
            ? Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "https"
                ? uri
                : throw new UserErrorException($"--server: \"{text}\" is not an address like https://127.0.0.1:6443.")
            : null;
        if (result.GetValue(_kubeconfig) is { } file)
        {
            if (result.GetValue(_data) is not null)
            {
                throw new UserErrorException("--kubeconfig and --data name two clusters: give one of them.");
            }
            return (KubeconfigConnection.Open(file, server), defaults.LeaseDuration);
        }
        var directory = new ClusterDirectory(result.GetValue(_data) ?? ClusterDirectory.Default);
        var cluster = ClusterSettings.Require(directory);
        if (ProcessRecord.Find(directory.ServerPid) is null && server is null)
        {
            throw new UserErrorException($"The cluster in {directory.Root} is down: start it with 'petrel up'.");
        }
        return (KubeconfigConnection.Open(directory.Kubeconfig, server), TimeSpan.FromSeconds(cluster.NodeGraceSeconds));
    }

    private static Option<string> Text(string name, string description, string value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static int Between(ParseResult result, Option<int> option, int least, int most)
    {
        var value = result.GetValue(option);
        return value >= least && value <= most
            ? value
            : throw new UserErrorException($"{option.Name} must be from {least} to {most}, not {value}.");
    }

    private static double Rate(ParseResult result, Option<double> option)
    {
        var value = result.GetValue(option);
        return value is >= 0 and <= 1
            ? value
            : throw new UserErrorException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be from 0 to 1, not {value}."));
    }

    private static DurationRange Range(ParseResult result, Option<string> option) =>
        DurationRange.TryParse(result.GetValue(option)!, out var range)
            ? range
            : throw new UserErrorException(
                $"{option.Name}: \"{result.GetValue(option)}\" is not a duration such as 2s, nor a range such as 1s..5s."
            );

    private static long Positive(ParseResult result, Option<string> option, Func<Quantity, long> value)
    {
        var text = result.GetValue(option)!;
        return Quantity.TryParse(text, out var quantity) && value(quantity) > 0
            ? value(quantity)
            : throw new UserErrorException($"{option.Name}: \"{text}\" is not a quantity above zero, such as 4, 500m or 8Gi.");
    }

    private static string Prefix(string prefix, int count) =>
        NameSyntax.SubdomainProblem($"{prefix}{count}") is { } problem ? throw new UserErrorException($"--prefix: {problem}") : prefix;

    private static IEnumerable<string> Words(ParseResult result, Option<string[]> option) =>
        (result.GetValue(option) ?? []).SelectMany(word => word.Split(',', StringSplitOptions.RemoveEmptyEntries));

    private static KeyValuePair<string, string> Label(string text) =>
        text.Split('=') is [{ Length: > 0 } key, var value]
            ? new(key, value)
            : throw new UserErrorException($"--labels: \"{text}\" is not KEY=VALUE.");

    private static V1Taint Taint(string text)
    {
        var colon = text.LastIndexOf(':');
        var effect = colon < 0 ? "" : text[(colon + 1)..];
        var key = colon < 0 ? text : text[..colon];
        if (effect is not ("NoSchedule" or "PreferNoSchedule" or "NoExecute") || key.Length == 0)
        {
            throw new UserErrorException(
                $"--taint: \"{text}\" is not KEY[=VALUE]:EFFECT with the effect NoSchedule, PreferNoSchedule or NoExecute."
            );
        }
        return key.Split('=', 2) is [var name, var value]
            ? new V1Taint
            {
                Key = name,
                Value = value,
                Effect = effect,
            }
            : new V1Taint { Key = key, Effect = effect };
    }
}
