using CsCheck;
using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>
/// Over random clusters, profiles, pods and changes: the scheduler that keeps what it worked out for pods of a signature, the one that
/// keeps nothing, and the plain reference say the same of every pod, to the reason why not.
/// </summary>
public sealed class EquivalenceTests
{
    [Fact]
    public void Batches_single_pods_and_the_reference_agree_on_every_placement_and_reason() =>
        Gen.Select(Gen.ULong, Gen.Int[5, 40]).Sample((seed, steps) => new Run(seed, nodes: 8, percentage: 0).Steps(steps), iter: 60);

    [Fact]
    public void They_agree_when_only_a_part_of_the_nodes_is_looked_at() =>
        Gen.Select(Gen.ULong, Gen.Int[5, 12]).Sample((seed, steps) => new Run(seed, nodes: 130, percentage: 50).Steps(steps), iter: 2);

    private sealed class Run
    {
        private readonly RandomWorld _world;
        private readonly ReferenceScheduler _reference;
        private readonly ClusterState _kept = new();
        private readonly ClusterState _fresh = new();
        private readonly SchedulingCycle _batches;
        private readonly SchedulingCycle _singles;
        private readonly List<Func<V1Pod>> _templates = [];
        private readonly bool _roomy;
        private int _nodes;

        public Run(ulong seed, int nodes, int percentage)
        {
            _world = new(seed);
            _roomy = nodes > 100;
            var profile = _world.Profile();
            _reference = new(new SeededEntropy(seed), profile, percentage);
            _batches = new(
                ProfileFactory.Create(new(profile with { Disabled = [.. profile.Disabled, "DefaultPreemption"] }, _kept, new NoObjects())),
                _kept,
                new SeededEntropy(seed),
                percentage
            );
            _singles = new(
                ProfileFactory.Create(new(profile with { Disabled = [.. profile.Disabled, "DefaultPreemption"] }, _fresh, new NoObjects())),
                _fresh,
                new SeededEntropy(seed),
                percentage
            )
            {
                KeepsStates = false,
            };
            SetNamespace("default", "blue");
            SetNamespace("other", "red");
            for (_nodes = 0; _nodes < nodes; _nodes++)
            {
                SetNode(_world.Node(_nodes, _roomy));
            }
            for (var i = 0; i < 4; i++)
            {
                _templates.Add(_world.Template());
            }
        }

        public void Steps(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                Step();
            }
        }

        private void Step()
        {
            switch (_world.Roll(12))
            {
                case 0 when _reference.Cluster.Placed.Count > 0:
                    Remove(_world.Pick(_reference.Cluster.Placed).Pod);
                    break;
                case 1 when _reference.Cluster.Placed.Count > 0:
                    Terminate(_world.Pick(_reference.Cluster.Placed));
                    break;
                case 2:
                    SetNode(_world.Node(_world.Roll(_nodes), _roomy));
                    break;
                case 3 when _reference.Cluster.Nodes.Count > 1:
                    var gone = _world.Pick(_reference.Cluster.Nodes.Keys.ToArray());
                    _reference.Cluster.Nodes.Remove(gone);
                    _kept.RemoveNode(gone);
                    _fresh.RemoveNode(gone);
                    break;
                case 4 when _world.Roll(3) == 0:
                    SetNamespace("other", _world.Pick<string>(["blue", "red"]));
                    break;
                case 5 when _world.Roll(3) == 0:
                    SetService($"s{_world.Roll(2)}", _world.Pick<string>(["web", "db"]));
                    break;
                default:
                    // Series of pods of one owner, and single pods.
                    var template = _world.Pick(_templates);
                    for (var n = _world.Roll(2) == 0 ? 1 : _world.Roll(6); n >= 0; n--)
                    {
                        Schedule(template());
                    }
                    break;
            }
        }

        private void Schedule(V1Pod pod)
        {
            var expected = _reference.Schedule(pod);
            var single = _singles.Schedule(new(pod));
            var batched = _batches.Schedule(new(pod));
            Assert.Equal(expected, (single.NodeName, single.Message));
            Assert.Equal(expected, (batched.NodeName, batched.Message));
            if (expected.Node is { } node)
            {
                _reference.Cluster.Placed.Add((pod, node));
                _kept.Place(new(pod), node, assumed: true);
                _fresh.Place(new(pod), node, assumed: true);
                if (_world.Roll(2) == 0)
                {
                    // The watch confirms it.
                    _kept.Place(new(pod), node);
                    _fresh.Place(new(pod), node);
                }
            }
        }

        private void Remove(V1Pod pod)
        {
            _reference.Cluster.Placed.RemoveAll(p => p.Pod == pod);
            _kept.Remove(pod.Metadata.Uid);
            _fresh.Remove(pod.Metadata.Uid);
        }

        private void Terminate((V1Pod Pod, string Node) placed)
        {
            var pod = KubernetesJsonCopy(placed.Pod);
            pod.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
            _reference.Cluster.Placed[_reference.Cluster.Placed.IndexOf(placed)] = (pod, placed.Node);
            _kept.Place(new(pod), placed.Node);
            _fresh.Place(new(pod), placed.Node);
        }

        private void SetNode(V1Node node)
        {
            _reference.Cluster.Nodes[node.Metadata.Name] = node;
            _kept.SetNode(node);
            _fresh.SetNode(node);
        }

        private void SetNamespace(string name, string team)
        {
            _reference.Cluster.Namespaces[name] = Make.Labels($"team={team}");
            _kept.SetNamespace(name, Make.Labels($"team={team}"));
            _fresh.SetNamespace(name, Make.Labels($"team={team}"));
        }

        private void SetService(string name, string app)
        {
            var selector = Make.Labels($"app={app}");
            _reference.Cluster.Services.RemoveAll(s => s.Metadata.Name == name);
            _reference.Cluster.Services.Add(
                new()
                {
                    Metadata = new() { Name = name, NamespaceProperty = "default" },
                    Spec = new() { Selector = selector },
                }
            );
            _kept.SetService(new("default", name), selector);
            _fresh.SetService(new("default", name), selector);
        }

        private static V1Pod KubernetesJsonCopy(V1Pod pod) => k8s.KubernetesJson.Deserialize<V1Pod>(k8s.KubernetesJson.Serialize(pod));
    }
}
