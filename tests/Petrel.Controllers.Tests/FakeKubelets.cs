using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.DaemonSets;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests;

/// <summary>
/// Fakes the scheduler and the kubelets of a <see cref="TestCluster"/>: pods are bound, start, become ready, and end only when their
/// kubelet ends them. It fails when a pod starts while its kubelet still runs another pod of that name.
/// </summary>
internal sealed class FakeKubelets(TestCluster cluster)
{
    // How many steps a kubelet takes to notice that a pod was deleted without it.
    private const int StepsToNotice = 6;

    private readonly SortedDictionary<string, string> _running = new(StringComparer.Ordinal); // uid by name
    private readonly SortedDictionary<string, int> _vanished = new(StringComparer.Ordinal); // steps by name

    /// <summary>Whether a running pod becomes ready; called at each step until it does.</summary>
    public Func<V1Pod, bool> BecomesReady { get; set; } = _ => true;

    /// <summary>Whether the kubelet ends a pod that is being deleted.</summary>
    public Func<V1Pod, bool> Ends { get; set; } = _ => true;

    /// <summary>Names of pods in the order in which they started.</summary>
    public List<string> Started { get; } = [];

    /// <summary>All pods of the namespace.</summary>
    public IReadOnlyList<V1Pod> Pods => cluster.List<V1Pod>();

    /// <summary>Each kubelet syncs once.</summary>
    public void Step()
    {
        var pods = Pods;
        foreach (var pod in pods)
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                if (Ends(pod))
                {
                    End(pod);
                }
            }
            else if (string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                Bind(pod, DaemonPod.TargetNode(pod) ?? "n1");
            }
            else if (pod.Status.Phase is "Pending" or "Running" && !IsReady(pod))
            {
                Start(pod);
                cluster.SetReady(pod.Metadata.Name, BecomesReady(pod));
            }
        }
        foreach (var name in _running.Keys.ToArray())
        {
            var steps = pods.Any(p => p.Metadata.Uid == _running[name]) ? 0 : _vanished.GetValueOrDefault(name) + 1;
            _vanished[name] = steps;
            if (steps > StepsToNotice)
            {
                _running.Remove(name);
            }
        }
    }

    /// <summary>Runs the controllers and the kubelets for some steps.</summary>
    public void Settle(int steps = 20, double seconds = 0.5, Action? afterStep = null)
    {
        for (var step = 0; step < steps; step++)
        {
            cluster.Run(seconds);
            Step();
            afterStep?.Invoke();
        }
        cluster.Run(seconds);
    }

    /// <summary>The pod ends by itself.</summary>
    public void Finish(string name, string phase = "Failed")
    {
        _running.Remove(name);
        cluster.Change<V1Pod>(
            name,
            p => p.Status = new() { Phase = phase, Conditions = [new() { Type = "Ready", Status = "False" }] },
            status: true
        );
    }

    public static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private void Start(V1Pod pod)
    {
        if (_running.TryGetValue(pod.Metadata.Name, out var other) && other != pod.Metadata.Uid)
        {
            Assert.Fail($"{pod.Metadata.Name} runs twice");
        }
        if (_running.TryAdd(pod.Metadata.Name, pod.Metadata.Uid))
        {
            Started.Add(pod.Metadata.Name);
        }
    }

    private void End(V1Pod pod)
    {
        _running.Remove(pod.Metadata.Name);
        cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1Pod>(
                    new ObjectKey("default", pod.Metadata.Name),
                    new()
                    {
                        GracePeriodSeconds = 0,
                        Preconditions = new() { Uid = pod.Metadata.Uid },
                    },
                    stop
                )
        );
    }

    private void Bind(V1Pod pod, string node) =>
        cluster.Do(
            async (user, stop) =>
            {
                try
                {
                    await user.SendAsync(
                        "POST",
                        $"/api/v1/namespaces/default/pods/{pod.Metadata.Name}/binding",
                        [],
                        ApiClient.Body(
                            new V1Binding
                            {
                                ApiVersion = "v1",
                                Kind = "Binding",
                                Metadata = new() { Name = pod.Metadata.Name },
                                Target = new()
                                {
                                    ApiVersion = "v1",
                                    Kind = "Node",
                                    Name = node,
                                },
                            }
                        ),
                        "application/json",
                        stop
                    );
                }
                catch (ApiException e) when (e.IsConflict || e.IsNotFound)
                {
                    // It was deleted or changed meanwhile.
                }
            }
        );
}
