using k8s.Models;

namespace Petrel.Agent.Tests.WholeNode;

/// <summary>What the container of a pod sees of its spec, from the API to what the real container writes.</summary>
public sealed class PodOutputTests(RealNode node) : IClassFixture<RealNode>
{
    private static readonly string[] Print = ["env"];

    /// <summary>
    /// What a container writes, by what is tried. <c>{name}</c>, <c>{uid}</c>, <c>{ip}</c> and <c>{node}</c> stand for the pod's name, uid
    /// and address and the node's address.
    /// </summary>
    private static readonly Dictionary<string, Row> Rows = new()
    {
        ["variable from a ConfigMap"] = new("CONFIG_DATA_1=value-1", Variables(FromMap("CONFIG_DATA_1", "data-1")), "CONFIG_DATA"),
        ["environment from a ConfigMap"] = new(
            "data-1=value-1\ndata-2=value-2\ndata-3=value-3\np-data-1=value-1\np-data-2=value-2\np-data-3=value-3",
            Sources(Map("data"), Map("data", "p-")),
            "data-"
        ),
        ["prefixes with a ConfigMap"] = new(
            "$_-1-data=value-1\n1-1-data=value-1\n1-data=value-1\np-1-data=value-1",
            Sources(Map("digits"), Map("digits", "p-"), Map("digits", "1-"), Map("digits", "$_-")),
            "-data"
        ),
        ["variable from a Secret"] = new("SECRET_DATA=value-1", Variables(FromSecret("SECRET_DATA", "data-1")), "SECRET_DATA"),
        ["environment from a Secret"] = new(
            "data-1=value-1\ndata-2=value-2\ndata-3=value-3\np-data-1=value-1\np-data-2=value-2\np-data-3=value-3",
            Sources(Secret("data"), Secret("data", "p-")),
            "data-"
        ),
        ["prefixes with a Secret"] = new(
            "$_-1-data=value-1\n1-1-data=value-1\n1-data=value-1\np-1-data=value-1",
            Sources(Secret("digits"), Secret("digits", "p-"), Secret("digits", "1-"), Secret("digits", "$_-")),
            "-data"
        ),
        ["name and namespace and address"] = new(
            "MY_IP={ip}\nMY_NAME={name}\nMY_NAMESPACE=default",
            Variables(
                FromField("MY_NAME", "metadata.name"),
                FromField("MY_NAMESPACE", "metadata.namespace"),
                FromField("MY_IP", "status.podIP")
            ),
            "MY_"
        ),
        ["uid"] = new("MY_UID={uid}", Variables(FromField("MY_UID", "metadata.uid")), "MY_"),
        ["host address"] = new("MY_HOST={node}", Variables(FromField("MY_HOST", "status.hostIP")), "MY_"),
        ["host addresses"] = new("MY_HOSTS={node}", Variables(FromField("MY_HOSTS", "status.hostIPs")), "MY_"),
        ["limits and requests"] = new(
            "MY_CPU_LIMIT=2\nMY_CPU_REQUEST=1\nMY_MEMORY_LIMIT=67108864\nMY_MEMORY_REQUEST=33554432",
            pod =>
            {
                Resources(pod);
                pod.Spec.Containers[0].Resources = new()
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m"), ["memory"] = new("32Mi") },
                    Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1250m"), ["memory"] = new("64Mi") },
                };
            },
            "MY_"
        ),
        ["limits of the node"] = new("MY_CPU_LIMIT=4\nMY_CPU_REQUEST=0\nMY_MEMORY_LIMIT=3221225472\nMY_MEMORY_REQUEST=0", Resources, "MY_"),
        ["variables composed of variables"] = new(
            "BAR=bar-value\nFOO=foo-value\nFOOBAR=foo-value;;bar-value",
            Variables(Value("FOO", "foo-value"), Value("BAR", "bar-value"), Value("FOOBAR", "$(FOO);;$(BAR)")),
            "-value"
        ),
        ["variables in the command"] = new("test-value", pod =>
        {
            Variables(Value("TEST_VAR", "test-value"))(pod);
            pod.Spec.Containers[0].Command = ["sh", "-c", "TEST_VAR=wrong echo \"$(TEST_VAR)\""];
        }),
        ["variables in the arguments"] = new("test-value", pod =>
        {
            Variables(Value("TEST_VAR", "test-value"))(pod);
            pod.Spec.Containers[0].Command = ["sh", "-c"];
            pod.Spec.Containers[0].Args = ["TEST_VAR=wrong echo \"$(TEST_VAR)\""];
        }),
        ["command and arguments of the image"] = new("entry of image", Speaker(null, null)),
        ["arguments of the pod"] = new("entry of pod", Speaker(null, ["of", "pod"])),
        ["command of the pod"] = new("mine", Speaker(["/bin/busybox", "echo", "mine"], null)),
        ["command and arguments of the pod"] = new("mine of pod", Speaker(["/bin/busybox", "echo", "mine"], ["of", "pod"])),
        ["user and group of the container"] = new("1001\n2002", pod =>
        {
            pod.Spec.SecurityContext = new() { RunAsUser = 1, RunAsGroup = 2 };
            pod.Spec.Containers[0].SecurityContext = new() { RunAsUser = 1001, RunAsGroup = 2002 };
            pod.Spec.Containers[0].Command = ["sh", "-c", "id -u; id -g"];
        }),
        ["user and group of the pod"] = new("1001\n2002", pod =>
        {
            pod.Spec.SecurityContext = new() { RunAsUser = 1001, RunAsGroup = 2002 };
            pod.Spec.Containers[0].Command = ["sh", "-c", "id -u; id -g"];
        }),
        ["unprivileged container"] = new("refused", TriesToMount(privileged: false)),
        ["privileged container"] = new("mounted", TriesToMount(privileged: true)),
        ["host aliases"] = new(
            "123.45.67.89\tfoo\tbar",
            pod =>
            {
                pod.Spec.HostAliases = [new() { Ip = "123.45.67.89", Hostnames = ["foo", "bar"] }];
                pod.Spec.Containers[0].Command = ["cat", "/etc/hosts"];
            },
            "123.45.67.89"
        ),
        ["hosts file of the agent"] = new(
            "# Kubernetes-managed hosts file.",
            pod => pod.Spec.Containers[0].Command = ["cat", "/etc/hosts"],
            "Kubernetes-managed"
        ),
        ["hosts file of the container"] = new("value-1", pod =>
        {
            pod.Spec.Volumes =
            [
                new()
                {
                    Name = "data",
                    ConfigMap = new() { Name = "data" },
                },
            ];
            pod.Spec.Containers[0].Command = ["cat", "/etc/hosts"];
            pod.Spec.Containers[0].VolumeMounts =
            [
                new()
                {
                    Name = "data",
                    MountPath = "/etc/hosts",
                    SubPath = "data-1",
                },
            ];
        }),
        ["hosts file of the node"] = new(
            "# Kubernetes-managed hosts file (host network).",
            pod =>
            {
                pod.Spec.HostNetwork = true;
                pod.Spec.Containers[0].Command = ["cat", "/etc/hosts"];
            },
            "Kubernetes-managed"
        ),
        ["variables for Services"] = new(
            """
            FOOSERVICE_PORT=tcp://10.96.0.77:8765
            FOOSERVICE_PORT_8765_TCP=tcp://10.96.0.77:8765
            FOOSERVICE_PORT_8765_TCP_ADDR=10.96.0.77
            FOOSERVICE_PORT_8765_TCP_PORT=8765
            FOOSERVICE_PORT_8765_TCP_PROTO=tcp
            FOOSERVICE_SERVICE_HOST=10.96.0.77
            FOOSERVICE_SERVICE_PORT=8765
            """,
            pod => pod.Spec.Containers[0].Command = Print,
            "FOOSERVICE_"
        ),
        ["subPath from a variable"] = new("made", pod =>
        {
            Variables(FromField("POD_NAME", "metadata.name"))(pod);
            pod.Spec.Volumes = [new() { Name = "work", EmptyDir = new() }];
            pod.Spec.Containers[0].Command = ["sh", "-c", "touch /logs/made; ls /all/$POD_NAME"];
            pod.Spec.Containers[0].VolumeMounts =
            [
                new()
                {
                    Name = "work",
                    MountPath = "/logs",
                    SubPathExpr = "$(POD_NAME)",
                },
                new() { Name = "work", MountPath = "/all" },
            ];
        }),
    };

    /// <param name="Expected">The output.</param>
    /// <param name="Change">What is special about the pod.</param>
    /// <param name="Only">Only the lines with this count, sorted. When it is empty, the whole output counts.</param>
    private sealed record Row(string Expected, Action<V1Pod> Change, string Only = "");

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_container_gets_what_its_pod_says(string what)
    {
        var row = Rows[what];
        var (pod, output) = await node.RunAsync(node.Pod("", row.Change));
        var lines = output.Split('\n').Where(l => l.Contains(row.Only, StringComparison.Ordinal));
        var expected = row
            .Expected.Replace("{name}", pod.Metadata.Name, StringComparison.Ordinal)
            .Replace("{uid}", pod.Metadata.Uid, StringComparison.Ordinal)
            .Replace("{ip}", pod.Status.PodIP, StringComparison.Ordinal)
            .Replace("{node}", node.Address, StringComparison.Ordinal);
        Assert.Equal(expected, string.Join('\n', row.Only.Length > 0 ? lines.Order(StringComparer.Ordinal) : lines));
    }

    private static Action<V1Pod> Variables(params V1EnvVar[] variables) =>
        pod =>
        {
            pod.Spec.Containers[0].Command = Print;
            pod.Spec.Containers[0].Env = variables;
        };

    private static Action<V1Pod> Sources(params V1EnvFromSource[] sources) =>
        pod =>
        {
            pod.Spec.Containers[0].Command = Print;
            pod.Spec.Containers[0].EnvFrom = sources;
        };

    private static void Resources(V1Pod pod) =>
        Variables(
            FromResource("MY_CPU_LIMIT", "limits.cpu"),
            FromResource("MY_CPU_REQUEST", "requests.cpu"),
            FromResource("MY_MEMORY_LIMIT", "limits.memory"),
            FromResource("MY_MEMORY_REQUEST", "requests.memory")
        )(pod);

    private static Action<V1Pod> Speaker(string[]? command, string[]? arguments) =>
        pod =>
        {
            pod.Spec.Containers[0].Image = "speaker";
            pod.Spec.Containers[0].Command = command;
            pod.Spec.Containers[0].Args = arguments;
        };

    private static Action<V1Pod> TriesToMount(bool privileged) =>
        pod =>
        {
            pod.Spec.Containers[0].Command = ["sh", "-c", "mount -t tmpfs none /tmp 2>/dev/null && echo mounted || echo refused"];
            pod.Spec.Containers[0].SecurityContext = new() { Privileged = privileged };
        };

    private static V1EnvVar Value(string name, string value) => new() { Name = name, Value = value };

    private static V1EnvVar FromMap(string name, string key) =>
        From(
            name,
            new()
            {
                ConfigMapKeyRef = new() { Name = "data", Key = key },
            }
        );

    private static V1EnvVar FromSecret(string name, string key) =>
        From(
            name,
            new()
            {
                SecretKeyRef = new() { Name = "data", Key = key },
            }
        );

    private static V1EnvVar FromField(string name, string path) => From(name, new() { FieldRef = new() { FieldPath = path } });

    private static V1EnvVar FromResource(string name, string resource) =>
        From(name, new() { ResourceFieldRef = new() { Resource = resource } });

    private static V1EnvVar From(string name, V1EnvVarSource source) => new() { Name = name, ValueFrom = source };

    private static V1EnvFromSource Map(string name, string? prefix = null) =>
        new()
        {
            Prefix = prefix,
            ConfigMapRef = new() { Name = name },
        };

    private static V1EnvFromSource Secret(string name, string? prefix = null) =>
        new()
        {
            Prefix = prefix,
            SecretRef = new() { Name = name },
        };
}
