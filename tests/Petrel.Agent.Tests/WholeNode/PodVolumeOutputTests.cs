using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Model;

namespace Petrel.Agent.Tests.WholeNode;

/// <summary>What real containers find in their volumes, from the API to the files.</summary>
public sealed class PodVolumeOutputTests(RealNode node) : IClassFixture<RealNode>
{
    private const int OwnerCanRead = 0b100_000_000;
    private const int GroupCanRead = 0b100_100_000;
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task Entries_are_files(string kind) =>
        Assert.Equal(
            "value-1\n644\ndata-1 data-2 data-3",
            await node.OutputAsync("cat /v/data-1; echo; stat -Lc %a /v/data-1; echo $(ls /v)", Mounting(Of(kind, "data")))
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("projected configMap")]
    public async Task Another_user_reads_the_files(string kind) =>
        Assert.Equal("1000\nvalue-1", await node.OutputAsync("id -u; cat /v/data-1", As(1000, null, Mounting(Of(kind, "data")))));

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task Files_have_the_mode_of_the_volume(string kind) =>
        Assert.Equal(
            "value-1\n400",
            await node.OutputAsync("cat /v/data-1; echo; stat -Lc %a /v/data-1", Mounting(Of(kind, "data", mode: OwnerCanRead)))
        );

    [Theory]
    [InlineData("secret")]
    [InlineData("projected secret")]
    public async Task Another_user_reads_files_of_its_group(string kind) =>
        Assert.Equal(
            "1000\nvalue-1\n440 0:1001",
            await node.OutputAsync(
                "id -u; cat /v/data-1; echo; stat -Lc '%a %u:%g' /v/data-1",
                As(1000, 1001, Mounting(Of(kind, "data", mode: GroupCanRead)))
            )
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task Entries_have_the_paths_of_their_items(string kind) =>
        Assert.Equal(
            "value-2\npath\ndata-2",
            await node.OutputAsync("cat /v/path/to/data-2; echo; ls /v; ls /v/path/to", Mounting(Of(kind, "data", [Item("data-2")])))
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("projected configMap")]
    public async Task Another_user_reads_the_paths_of_items(string kind) =>
        Assert.Equal(
            "1000\nvalue-2",
            await node.OutputAsync("id -u; cat /v/path/to/data-2", As(1000, null, Mounting(Of(kind, "data", [Item("data-2")]))))
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task Items_have_modes_of_their_own(string kind) =>
        Assert.Equal(
            "value-2\n400\n644",
            await node.OutputAsync(
                "cat /v/path/to/data-2; echo; stat -Lc %a /v/path/to/data-2 /v/path/to/data-3",
                Mounting(Of(kind, "data", [Item("data-2", OwnerCanRead), Item("data-3")]))
            )
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task A_source_can_be_in_several_volumes(string kind) =>
        Assert.Equal(
            "value-1\nvalue-2",
            await node.OutputAsync("cat /v/data-1; echo; cat /v1/data-2", Mounting(Of(kind, "data"), Of(kind, "data")))
        );

    [Theory]
    [InlineData("configMap")]
    [InlineData("projected configMap")]
    public async Task A_change_reaches_the_container_that_runs(string kind)
    {
        var name = NameOf("live", kind);
        var pod = node.Pod(
            "cat /v/data-1; echo; until grep -q value-2 /v/data-1; do sleep 0.05; done; cat /v/data-1",
            Mounting(Of(kind, name))
        );
        await WriteAsync(kind, name, "data-1", "value-1");

        var (_, output) = await node.RunAsync(pod, _ => WriteAsync(kind, name, "data-1", "value-2"));

        Assert.Equal("value-1\nvalue-2", output);
    }

    [Theory]
    [InlineData("configMap")]
    [InlineData("secret")]
    [InlineData("projected configMap")]
    [InlineData("projected secret")]
    public async Task Optional_sources_may_come_change_and_go(string kind)
    {
        var (goes, changes, comes) = (NameOf("goes", kind), NameOf("changes", kind), NameOf("comes", kind));
        const string Script = """
            echo $(cat /v/data-1) $(cat /v1/data-1) $(ls /v2)
            until [ ! -e /v/data-1 ] && grep -q value-2 /v1/data-3 && grep -q value-3 /v2/data-1; do sleep 0.05; done 2>/dev/null
            echo $(ls /v) $(cat /v1/data-3) $(cat /v2/data-1)
            """;
        var pod = node.Pod(
            Script,
            Mounting(Of(kind, goes, optional: true), Of(kind, changes, optional: true), Of(kind, comes, optional: true))
        );
        await WriteAsync(kind, goes, "data-1", "value-1");
        await WriteAsync(kind, changes, "data-1", "value-1");

        var (_, output) = await node.RunAsync(pod, async _ =>
        {
            await RemoveAsync(kind, goes);
            await WriteAsync(kind, changes, "data-3", "value-2");
            await WriteAsync(kind, comes, "data-1", "value-3");
        });

        Assert.Equal("value-1 value-1\nvalue-2 value-3", output);
    }

    [Fact]
    public async Task Binary_data_is_there_byte_for_byte() =>
        Assert.Equal(
            $"value\n{RealNode.BinaryHash}  /v/dump",
            await node.OutputAsync("cat /v/text; echo; sha256sum /v/dump", Mounting(Of("configMap", "binary")))
        );

    [Fact]
    public async Task A_secret_of_the_same_name_in_another_namespace_does_not_count()
    {
        var pod = node.Pod("cat /v/data-1", Mounting(Of("secret", "data")));
        await node.User.CreateAsync(new V1Namespace { Metadata = new() { Name = "elsewhere" } }, None);
        await node.CreateSecretAsync("data", "elsewhere", ("data-1", "other"));
        Assert.Equal("value-1", (await node.RunAsync(pod)).Output);
    }

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task The_pods_name_is_a_file(string kind)
    {
        var (pod, output) = await node.RunAsync(
            node.Pod("cat /v/podname", Mounting(Fields(kind, null, Field("metadata.name", "podname"))))
        );
        Assert.Equal(pod.Metadata.Name, output);
    }

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Fields_have_the_mode_of_the_volume(string kind) =>
        Assert.Equal(
            "400",
            await node.OutputAsync("stat -Lc %a /v/name", Mounting(Fields(kind, OwnerCanRead, Field("metadata.name", "name"))))
        );

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Fields_have_modes_of_their_own(string kind) =>
        Assert.Equal(
            "400\n644",
            await node.OutputAsync(
                "stat -Lc %a /v/name /v/uid",
                Mounting(Fields(kind, null, Field("metadata.name", "name", OwnerCanRead), Field("metadata.uid", "uid")))
            )
        );

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Changed_labels_reach_the_container_that_runs(string kind)
    {
        var pod = node.Pod(
            "cat /v/labels; echo; until grep -q key3 /v/labels; do sleep 0.05; done; cat /v/labels",
            Mounting(Fields(kind, null, Field("metadata.labels", "labels")))
        );
        pod.Metadata.Labels = new Dictionary<string, string> { ["key1"] = "value1", ["key2"] = "value2" };
        var (_, output) = await node.RunAsync(pod, p => PatchAsync(p, "labels", "key3", "value3"));
        Assert.Equal("key1=\"value1\"\nkey2=\"value2\"\nkey1=\"value1\"\nkey2=\"value2\"\nkey3=\"value3\"", output);
    }

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Changed_annotations_reach_the_container_that_runs(string kind)
    {
        var pod = node.Pod(
            "grep builder /v/notes; until grep -q foo /v/notes; do sleep 0.05; done; grep builder /v/notes",
            Mounting(Fields(kind, null, Field("metadata.annotations", "notes")))
        );
        pod.Metadata.Annotations = new Dictionary<string, string> { ["builder"] = "bar" };
        var (_, output) = await node.RunAsync(pod, p => PatchAsync(p, "annotations", "builder", "foo"));
        Assert.Equal("builder=\"bar\"\nbuilder=\"foo\"", output);
    }

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Resources_of_the_container_are_files(string kind)
    {
        var pod = node.Pod("cd /v; for f in *; do echo $f $(cat $f); done", Mounting(Resources(kind)));
        pod.Spec.Containers[0].Resources = new()
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m"), ["memory"] = new("32Mi") },
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1250m"), ["memory"] = new("64Mi") },
        };
        Assert.Equal("cpu-limit 2\ncpu-request 1\nmemory-limit 67108864\nmemory-request 33554432", (await node.RunAsync(pod)).Output);
    }

    [Theory]
    [InlineData("downwardAPI")]
    [InlineData("projected")]
    public async Task Limits_that_are_not_set_are_the_nodes(string kind) =>
        Assert.Equal(
            $"4 {RealNode.Memory}",
            await node.OutputAsync("echo $(cat /v/cpu-limit) $(cat /v/memory-limit)", Mounting(Resources(kind)))
        );

    [Fact]
    public async Task A_volume_can_be_projected_from_all_kinds_of_sources()
    {
        var volume = new V1Volume
        {
            Projected = new()
            {
                Sources =
                [
                    new()
                    {
                        ConfigMap = new() { Name = "data", Items = [Item("data-1")] },
                    },
                    new()
                    {
                        Secret = new() { Name = "data", Items = [Item("data-2")] },
                    },
                    new() { DownwardAPI = new() { Items = [Field("metadata.name", "podname")] } },
                ],
            },
        };
        var (pod, output) = await node.RunAsync(
            node.Pod("echo $(cat /v/path/to/data-1) $(cat /v/path/to/data-2) $(cat /v/podname)", Mounting(volume))
        );
        Assert.Equal($"value-1 value-2 {pod.Metadata.Name}", output);
    }

    [Theory]
    [InlineData("root 0644 default", null, "644", "")]
    [InlineData("root 0666 default", null, "666", "")]
    [InlineData("root 0777 default", null, "777", "")]
    [InlineData("root 0644 tmpfs", null, "644", "Memory")]
    [InlineData("root 0666 tmpfs", null, "666", "Memory")]
    [InlineData("root 0777 tmpfs", null, "777", "Memory")]
    [InlineData("non-root 0644 default", 1001L, "644", "")]
    [InlineData("non-root 0666 default", 1001L, "666", "")]
    [InlineData("non-root 0777 default", 1001L, "777", "")]
    [InlineData("non-root 0644 tmpfs", 1001L, "644", "Memory")]
    [InlineData("non-root 0666 tmpfs", 1001L, "666", "Memory")]
    [InlineData("non-root 0777 tmpfs", 1001L, "777", "Memory")]
    public async Task A_file_in_an_emptyDir_has_the_mode_that_its_writer_gives_it(string what, long? user, string mode, string medium)
    {
        var script = $"umask 0; echo text > /v/file; chmod {mode} /v/file; cat /v/file; stat -c '%a %u' /v/file; stat -c %a /v";
        var output = await node.OutputAsync(
            script + MediumOf(medium),
            As(user, null, Mounting(new V1Volume { EmptyDir = new() { Medium = medium } }))
        );
        Assert.True($"text\n{mode} {user ?? 0}\n777" + (medium.Length > 0 ? "\ntmpfs" : "") == output, $"{what}: {output}");
    }

    [Theory]
    [InlineData("default", "")]
    [InlineData("tmpfs", "Memory")]
    public async Task The_mode_of_an_emptyDir_is_0777(string what, string medium)
    {
        var output = await node.OutputAsync(
            "stat -c '%a %u:%g' /v" + MediumOf(medium),
            Mounting(new V1Volume { EmptyDir = new() { Medium = medium } })
        );
        Assert.True("777 0:0" + (medium.Length > 0 ? "\ntmpfs" : "") == output, $"{what}: {output}");
    }

    [Fact]
    public async Task Containers_share_an_emptyDir()
    {
        var pod = node.Pod("until [ -e /v/done ]; do sleep 0.05; done; cat /v/text", Mounting(new V1Volume { EmptyDir = new() }));
        pod.Spec.Containers.Add(
            new()
            {
                Name = "writer",
                Image = "busybox",
                ImagePullPolicy = "Never",
                Command = ["sh", "-c", "echo from the other > /w/text; touch /w/done"],
                VolumeMounts = [new() { Name = "v", MountPath = "/w" }],
            }
        );
        Assert.Equal("from the other", (await node.RunAsync(pod)).Output);
    }

    [Fact]
    public async Task Volumes_of_different_kinds_do_not_disturb_each_other() =>
        Assert.Equal(
            "value-1 value-2 empty",
            await node.OutputAsync(
                "echo $(cat /v/data-1) $(cat /v1/data-2) $(ls -A /v2)empty",
                Mounting(Of("secret", "data"), Of("configMap", "data"), new V1Volume { EmptyDir = new() })
            )
        );

    [Fact]
    public async Task Pods_with_fifty_config_maps_each_start_at_once()
    {
        var volumes = Enumerable.Range(0, 50).Select(i => NameOf("many", $"{i}")).ToList();
        var pods = Enumerable
            .Range(0, 5)
            .Select(_ =>
                node.Pod("cat /v/n; for i in $(seq 1 49); do cat /v$i/n; done", Mounting([.. volumes.Select(v => Of("configMap", v))]))
            )
            .ToList();
        foreach (var name in volumes)
        {
            await node.CreateConfigMapAsync(name, ("n", $"{name}\n"));
        }
        var outputs = await Task.WhenAll(pods.Select(async p => (await node.RunAsync(p)).Output));
        Assert.All(outputs, o => Assert.Equal(string.Join('\n', volumes), o));
    }

    [Theory]
    [InlineData("configMap", "data-1", "value-1")]
    [InlineData("secret", "data-1", "value-1")]
    [InlineData("projected configMap", "data-1", "value-1")]
    [InlineData("downwardAPI", "podname", null)]
    public async Task One_file_of_a_volume_can_be_mounted(string kind, string path, string? content)
    {
        var volume = kind == "downwardAPI" ? Fields(kind, null, Field("metadata.name", "podname")) : Of(kind, "data");
        var (pod, output) = await node.RunAsync(node.Pod("cat /file", MountingFile(volume, path, "/file")));
        Assert.Equal(content ?? pod.Metadata.Name, output);
    }

    [Fact]
    public async Task One_file_of_a_volume_can_be_mounted_over_a_file_of_the_image() =>
        Assert.Equal("value-1", await node.OutputAsync("cat /etc/group", MountingFile(Of("configMap", "data"), "data-1", "/etc/group")));

    // Says whether /v is a file system in memory. Without a medium, it is what the node's disk is, which may be memory too.
    private static string MediumOf(string medium) =>
        medium.Length > 0 ? "; grep -q ' /v tmpfs ' /proc/mounts && echo tmpfs || echo disk" : "";

    // Mounts the volumes at /v, /v1, /v2 ...
    private static Action<V1Pod> Mounting(params V1Volume[] volumes) =>
        pod =>
        {
            foreach (var (i, volume) in volumes.Index())
            {
                volume.Name = i == 0 ? "v" : $"v{i}";
            }
            pod.Spec.Volumes = [.. volumes];
            pod.Spec.Containers[0].VolumeMounts = [.. volumes.Select(v => new V1VolumeMount { Name = v.Name, MountPath = "/" + v.Name })];
        };

    private static Action<V1Pod> MountingFile(V1Volume volume, string path, string at) =>
        pod =>
        {
            Mounting(volume)(pod);
            pod.Spec.Containers[0].VolumeMounts[0].SubPath = path;
            pod.Spec.Containers[0].VolumeMounts[0].MountPath = at;
        };

    private static Action<V1Pod> As(long? user, long? group, Action<V1Pod> change) =>
        pod =>
        {
            change(pod);
            pod.Spec.SecurityContext = new() { RunAsUser = user, FsGroup = group };
        };

    private static V1Volume Of(string kind, string name, V1KeyToPath[]? items = null, int? mode = null, bool? optional = null) =>
        kind switch
        {
            "configMap" => new()
            {
                ConfigMap = new()
                {
                    Name = name,
                    Items = items,
                    DefaultMode = mode,
                    Optional = optional,
                },
            },
            "secret" => new()
            {
                Secret = new()
                {
                    SecretName = name,
                    Items = items,
                    DefaultMode = mode,
                    Optional = optional,
                },
            },
            _ => new()
            {
                Projected = new()
                {
                    DefaultMode = mode,
                    Sources =
                    [
                        kind == "projected secret"
                            ? new()
                            {
                                Secret = new()
                                {
                                    Name = name,
                                    Items = items,
                                    Optional = optional,
                                },
                            }
                            : new V1VolumeProjection
                            {
                                ConfigMap = new()
                                {
                                    Name = name,
                                    Items = items,
                                    Optional = optional,
                                },
                            },
                    ],
                },
            },
        };

    private static V1Volume Fields(string kind, int? mode, params V1DownwardAPIVolumeFile[] items) =>
        kind == "projected"
            ? new()
            {
                Projected = new() { DefaultMode = mode, Sources = [new() { DownwardAPI = new() { Items = items } }] },
            }
            : new()
            {
                DownwardAPI = new() { DefaultMode = mode, Items = items },
            };

    private static V1Volume Resources(string kind) =>
        Fields(
            kind,
            null,
            Resource("limits.cpu", "cpu-limit"),
            Resource("requests.cpu", "cpu-request"),
            Resource("limits.memory", "memory-limit"),
            Resource("requests.memory", "memory-request")
        );

    private static V1KeyToPath Item(string key, int? mode = null) =>
        new()
        {
            Key = key,
            Path = $"path/to/{key}",
            Mode = mode,
        };

    private static V1DownwardAPIVolumeFile Field(string field, string path, int? mode = null) =>
        new()
        {
            Path = path,
            Mode = mode,
            FieldRef = new() { FieldPath = field },
        };

    private static V1DownwardAPIVolumeFile Resource(string resource, string path) =>
        new()
        {
            Path = path,
            ResourceFieldRef = new() { ContainerName = "main", Resource = resource },
        };

    private static string NameOf(string what, string kind) => $"{what}-{kind.Replace(' ', '-').ToLowerInvariant()}";

    // Makes a ConfigMap or Secret have exactly this entry.
    private async Task WriteAsync(string kind, string name, string key, string value)
    {
        var isSecret = kind.EndsWith("secret", StringComparison.Ordinal);
        var exists = isSecret
            ? await node.User.FindAsync<V1Secret>(new("default", name), None) is not null
            : await node.User.FindAsync<V1ConfigMap>(new("default", name), None) is not null;
        var metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" };
        var secret = new V1Secret
        {
            Metadata = metadata,
            Data = new Dictionary<string, byte[]> { [key] = Encoding.UTF8.GetBytes(value) },
        };
        var map = new V1ConfigMap
        {
            Metadata = metadata,
            Data = new Dictionary<string, string> { [key] = value },
        };
        _ = (isSecret, exists) switch
        {
            (true, true) => (object)await node.User.UpdateAsync(secret, None),
            (true, false) => await node.User.CreateAsync(secret, None),
            (false, true) => await node.User.UpdateAsync(map, None),
            _ => await node.User.CreateAsync(map, None),
        };
    }

    private async Task RemoveAsync(string kind, string name) =>
        _ = kind.EndsWith("secret", StringComparison.Ordinal)
            ? await node.User.DeleteAsync<V1Secret>(new("default", name), new(), None)
            : await node.User.DeleteAsync<V1ConfigMap>(new("default", name), new(), None);

    private async Task PatchAsync(V1Pod pod, string field, string key, string value) =>
        await node.User.PatchAsync<V1Pod>(
            new ObjectKey("default", pod.Metadata.Name),
            new JsonObject { ["metadata"] = new JsonObject { [field] = new JsonObject { [key] = value } } },
            None
        );
}
