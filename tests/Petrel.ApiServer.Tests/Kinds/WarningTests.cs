using Petrel.ApiServer.Tests.Admission;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>What the server warns about, in upstream's words.</summary>
public sealed class WarningTests
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Apps = "/apis/apps/v1/namespaces/default/";

    private static async Task<string[]> OfAsync(string collection, string body, int status = 201)
    {
        await using var api = await TestApi.StartAsync();
        var response = await api.SendAsync("POST", collection, body);
        Assert.True(response.StatusCode == status, response.BodyText);
        return [.. response.Warnings()];
    }

    private static string Pod(string spec, string container = "", string metadata = "\"name\":\"p\"") =>
        "{\"metadata\":{" + metadata + "},\"spec\":{" + spec + "\"containers\":[{\"name\":\"c\",\"image\":\"i\"" + container + "}]}}";

    [Theory]
    [InlineData(
        "",
        """,{"name":"A","value":"2"}""",
        "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply"
    )]
    [InlineData(
        "",
        """,{"name":"A","value":"$(A)"}""",
        "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply"
    )]
    [InlineData("", """,{"name":"A","value":"$(A)2"}""", "")]
    [InlineData("", """,{"name":"B","value":"1"}""", "")]
    public async Task Variables_that_hide_others(string spec, string more, string warning)
    {
        var warnings = await OfAsync(Core + "pods", Pod(spec, $$$""","env":[{"name":"A","value":"1"}{{{more}}}]"""));

        Assert.Equal(warning.Length == 0 ? [] : [warning], warnings);
    }

    [Theory]
    [InlineData(
        "\"shareProcessNamespace\":true,",
        "",
        "spec.shareProcessNamespace: not supported by Petrel's agents yet: containers do not see each other's processes"
    )]
    [InlineData("\"shareProcessNamespace\":false,", "", "")]
    [InlineData("\"hostUsers\":false,", "", "spec.hostUsers: not supported by Petrel's agents yet: they refuse the pod")]
    [InlineData(
        """
            "securityContext":{"sysctls":[{"name":"kernel.shm_rmid_forced","value":"1"}]},
            """,
        "",
        "spec.securityContext.sysctls: not supported by Petrel's agents yet: kernel parameters keep their values"
    )]
    [InlineData(
        """
            "securityContext":{"seLinuxOptions":{"level":"s0"}},
            """,
        "",
        "spec.securityContext.seLinuxOptions: not supported by Petrel's agents: no SELinux label is applied"
    )]
    [InlineData(
        "\"hostUsers\":false,",
        ",\"securityContext\":{\"procMount\":\"Unmasked\"}",
        "spec.hostUsers: not supported by Petrel's agents yet: they refuse the pod"
    )]
    public async Task Fields_that_the_agents_do_not_apply(string spec, string container, string warning)
    {
        var warnings = await OfAsync(Core + "pods", Pod(spec, container));

        Assert.Equal(warning.Length == 0 ? [] : [warning], warnings);
    }

    [Theory]
    [InlineData(
        """{"containerPort":80},{"containerPort":80}""",
        "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"
    )]
    [InlineData("""{"containerPort":80},{"containerPort":80,"protocol":"UDP"}""", "")]
    [InlineData(
        """{"containerPort":80},{"containerPort":80,"hostPort":8080}""",
        "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]"
    )]
    [InlineData(
        """{"containerPort":80,"hostPort":80},{"containerPort":80,"hostPort":80,"hostIP":"10.0.0.1"}""",
        "spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]"
    )]
    [InlineData(
        """{"containerPort":80,"hostIP":"10.0.0.1"}""",
        "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}"
    )]
    public async Task Ports_that_overlap(string ports, string warning)
    {
        var warnings = await OfAsync(Core + "pods", Pod("", $$$""","ports":[{{{ports}}}]"""));

        Assert.Equal(warning.Length == 0 ? [] : [warning], warnings);
    }

    [Theory]
    [InlineData(
        "\"nodeSelector\":{\"beta.kubernetes.io/os\":\"linux\"},",
        "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"
    )]
    [InlineData(
        """
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"failure-domain.beta.kubernetes.io/zone","whenUnsatisfiable":
            "DoNotSchedule","labelSelector":{}}],
            """,
        "spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "
            + "\"topology.kubernetes.io/zone\" instead"
    )]
    [InlineData(
        "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"z\",\"whenUnsatisfiable\":\"DoNotSchedule\"}],",
        "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"
    )]
    [InlineData(
        """
            "affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,
            "podAffinityTerm":{"topologyKey":"z"}}]}},
            """,
        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null "
            + "labelSelector results in matching no pod"
    )]
    [InlineData(
        """
            "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":
            [{"key":"beta.kubernetes.io/arch","operator":"Exists"}]}]}}},
            """,
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: "
            + "beta.kubernetes.io/arch is deprecated since v1.14; use \"kubernetes.io/arch\" instead"
    )]
    [InlineData("\"imagePullSecrets\":[{\"name\":\"a\"},{\"name\":\"a\"}],", "spec.imagePullSecrets[1].name: duplicate name \"a\"")]
    [InlineData("\"imagePullSecrets\":[{\"name\":\"\"}],", "spec.imagePullSecrets[0].name: invalid empty name \"\"")]
    [InlineData(
        "\"hostAliases\":[{\"ip\":\"1.1.1.1\",\"hostnames\":[\"a\"]},{\"ip\":\"1.1.1.1\",\"hostnames\":[\"b\"]}],",
        "spec.hostAliases[1].ip: duplicate ip \"1.1.1.1\""
    )]
    [InlineData(
        "\"terminationGracePeriodSeconds\":-1,",
        "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    )]
    [InlineData(
        "\"volumes\":[{\"name\":\"v\",\"gitRepo\":{\"repository\":\"x\"}}],",
        "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"
    )]
    public async Task Specs_that_do_not_do_what_was_meant(string spec, string warning) =>
        Assert.Equal([warning], await OfAsync(Core + "pods", Pod(spec)));

    [Fact]
    public async Task Sizes_that_are_no_whole_bytes()
    {
        var warnings = await OfAsync(
            Core + "pods",
            Pod("", ""","resources":{"limits":{"memory":"100m","cpu":"100m"},"requests":{"memory":"100m"}}""")
        );

        Assert.Equal(
            [
                "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
                "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            ],
            warnings
        );
    }

    [Theory]
    [InlineData("pods", "\"name\":\"a.b\"", "the Pod's hostname")]
    [InlineData("replicationcontrollers", "\"name\":\"a.b\"", "Pod names and hostnames")]
    public async Task Names_that_are_no_hostnames(string plural, string metadata, string use)
    {
        var body =
            plural == "pods"
                ? Pod("", "", metadata)
                : "{\"metadata\":{"
                    + metadata
                    + """
                        },"spec":{"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},
                        "spec":{"containers":[{"name":"c","image":"i"}]}}}}
                        """;

        var warning = Assert.Single(await OfAsync(Core + plural, body));

        Assert.StartsWith(
            $"metadata.name: this is used in {use}, which can result in surprising behavior; a DNS label is recommended: [a lowercase RFC",
            warning,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Templates_are_judged_when_they_change()
    {
        await using var api = await TestApi.StartAsync();
        const string Template =
            """{"metadata":{"labels":{"a":"b"}},"spec":{"nodeSelector":{"beta.kubernetes.io/arch":"amd64"},"""
            + "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
        var created = await api.SendAsync(
            "POST",
            Apps + "deployments",
            $$$"""{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{{{Template}}} } }"""
        );
        const string Warning =
            "spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use \"kubernetes.io/arch\" instead";
        async Task<string[]> PatchAsync(string patch) =>
            [.. (await api.SendAsync("PATCH", Apps + "deployments/d", patch, "application/merge-patch+json")).Warnings()];

        Assert.Equal([Warning], created.Warnings());
        Assert.Empty(await PatchAsync("""{"spec":{"replicas":2}}"""));
        Assert.Empty(await PatchAsync("""{"metadata":{"labels":{"x":"y"}}}"""));
        Assert.Equal([Warning], await PatchAsync("""{"spec":{"template":{"metadata":{"labels":{"x":"y"}}}}}"""));
    }

    [Fact]
    public async Task Jobs_and_cron_jobs_are_judged_where_their_template_is()
    {
        const string Template =
            """{"spec":{"restartPolicy":"Never","hostAliases":[{"ip":"1.1.1.1"},{"ip":"1.1.1.1"}],"""
            + "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";

        var job = await OfAsync(
            "/apis/batch/v1/namespaces/default/jobs",
            $$$"""{"metadata":{"name":"j"},"spec":{"template":{{{Template}}} } }"""
        );
        var cron = await OfAsync(
            "/apis/batch/v1/namespaces/default/cronjobs",
            $$$"""{"metadata":{"name":"j"},"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{{{Template}}} } } } }"""
        );

        Assert.Equal(["spec.template.spec.hostAliases[1].ip: duplicate ip \"1.1.1.1\""], job);
        Assert.Equal(["spec.jobTemplate.spec.template.spec.hostAliases[1].ip: duplicate ip \"1.1.1.1\""], cron);
    }

    [Theory]
    [InlineData("\"externalName\":\"a.b\",", "spec.externalName is ignored when spec.type is not \"ExternalName\"")]
    [InlineData("\"clusterIP\":\"None\",\"sessionAffinity\":\"ClientIP\",", "spec.SessionAffinity is ignored for headless services")]
    [InlineData("\"clusterIP\":\"None\",\"externalIPs\":[\"1.2.3.4\"],", "spec.externalIPs is ignored for headless services")]
    [InlineData(
        "\"trafficDistribution\":\"PreferClose\",",
        "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\""
    )]
    [InlineData("\"externalIPs\":[\"1.2.3.4\"],", "spec.externalIPs has no effect yet: nodes do not accept traffic for these addresses")]
    [InlineData(
        "\"sessionAffinity\":\"ClientIP\",",
        "spec.sessionAffinity: \"ClientIP\" has no effect yet: each connection goes to any endpoint"
    )]
    [InlineData(
        "\"type\":\"NodePort\",",
        "spec.type: \"NodePort\" has no effect yet beyond that of ClusterIP: nodes do not listen on node ports, "
            + "and no load balancer is made"
    )]
    [InlineData(
        "\"type\":\"LoadBalancer\",",
        "spec.type: \"LoadBalancer\" has no effect yet beyond that of ClusterIP: nodes do not listen on node ports, "
            + "and no load balancer is made"
    )]
    [InlineData("", "")]
    public async Task Services_whose_fields_have_no_effect(string spec, string warning)
    {
        var warnings = await OfAsync(
            Core + "services",
            "{\"metadata\":{\"name\":\"s\"},\"spec\":{" + spec + "\"selector\":{\"a\":\"b\"},\"ports\":[{\"port\":80}]}}"
        );

        Assert.Equal(warning.Length == 0 ? [] : [warning], warnings);
    }

    [Fact]
    public async Task Addresses_that_later_releases_refuse()
    {
        var warnings = await OfAsync(
            Core + "services",
            """
            {"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}],"loadBalancerSourceRanges":
            ["10.0.0.1/8","010.0.0.0/8","2001:DB8::/32"],"loadBalancerIP":"2001:db8:0::1"}}
            """
        );

        Assert.Equal(
            [
                "spec.loadBalancerIP: IPv6 address \"2001:db8:0::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")",
                "spec.loadBalancerSourceRanges[0]: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or "
                    + "\"10.0.0.1/32\"?)",
                "spec.loadBalancerSourceRanges[1]: non-standard CIDR value \"010.0.0.0/8\" will be considered invalid in a future "
                    + "Kubernetes release: use \"10.0.0.0/8\"",
                "spec.loadBalancerSourceRanges[2]: IPv6 CIDR value \"2001:DB8::/32\" should be in RFC 5952 canonical format "
                    + "(\"2001:db8::/32\")",
            ],
            warnings.Where(w => !w.StartsWith("spec.type", StringComparison.Ordinal))
        );
    }

    [Theory]
    [InlineData(
        "/api/v1/persistentvolumes",
        """
            {"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/x"},
            "persistentVolumeReclaimPolicy":"Recycle"}}
            """,
        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use "
            + "dynamic provisioning."
    )]
    [InlineData(
        Core + "persistentvolumeclaims",
        """
            {"metadata":{"name":"c","annotations":{"volume.beta.kubernetes.io/storage-class":"x"}},"spec":{"accessModes":["ReadWriteOnce"],
            "resources":{"requests":{"storage":"1Gi"}}}}
            """,
        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead"
    )]
    [InlineData(
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
        """
            {"metadata":{"name":"i","annotations":{"kubernetes.io/ingress.class":"x"}},"spec":{"defaultBackend":{"service":
            {"name":"s","port":{"number":80}}}}}
            """,
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    )]
    [InlineData(
        "/apis/storage.k8s.io/v1/storageclasses",
        """
            {"metadata":{"name":"c"},"provisioner":"x.example.com","allowedTopologies":[{"matchLabelExpressions":
            [{"key":"beta.kubernetes.io/arch","values":["a"]}]}]}
            """,
        "allowedTopologies[0].matchLabelExpressions[0]: deprecated since v1.14; use \"kubernetes.io/arch\" instead"
    )]
    [InlineData(
        "/apis/node.k8s.io/v1/runtimeclasses",
        """{"metadata":{"name":"c"},"handler":"h","scheduling":{"nodeSelector":{"beta.kubernetes.io/os":"linux"}}}""",
        "scheduling.nodeSelector: deprecated since v1.14; use \"kubernetes.io/os\" instead"
    )]
    public async Task Other_kinds_have_warnings_of_their_own(string collection, string body, string warning) =>
        Assert.Equal([warning], await OfAsync(collection, body));

    [Fact]
    public async Task A_refusal_keeps_the_warnings_that_came_before()
    {
        await using var api = await TestApi.StartAsync();
        const string Unknown = """{"metadata":{"name":"m"},"colour":"red","data":{"bad key":"x"}}""";
        await api.CreateAsync(Core + "configmaps", """{"metadata":{"name":"m"}}""");

        var created = await api.SendAsync("POST", Core + "configmaps", Unknown);
        var updated = await api.SendAsync("PUT", Core + "configmaps/m", Unknown);
        var patched = await api.SendAsync("PATCH", Core + "configmaps/m", Unknown, "application/merge-patch+json");

        Assert.All([created, updated, patched], r =>
        {
            Assert.Equal(422, r.StatusCode);
            Assert.Equal(["unknown field \"colour\""], r.Warnings());
        });
    }

    [Fact]
    public async Task Warnings_are_bounded_and_cannot_forge_headers()
    {
        var names = string.Join(',', Enumerable.Range(0, 300).Select(i => $$"""{"ip":"1.1.1.1","hostnames":["h{{i}}"]}"""));

        var many = await OfAsync(Core + "pods", Pod($"\"hostAliases\":[{names}],"));
        var forged = await OfAsync(Core + "configmaps", """{"metadata":{"name":"m"},"a\r\nX-Evil: 1":2}""");

        Assert.InRange(many.Sum(w => w.Length), 3000, 4096);
        Assert.DoesNotContain(Assert.Single(forged), char.IsControl);
    }
}
