using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>What governs a cluster: roles, webhooks, classes, leases, limits, quotas, events and the older workloads of v1.</summary>
public sealed class ClusterRows
{
    private const string Role =
        """{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'Role','metadata':{'name':'r','namespace':'default'},"""
        + """'rules':[{'apiGroups':[''],'resources':['pods'],'verbs':['get']}]}""";

    private const string ClusterRole =
        """{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','metadata':{'name':'cr'},"""
        + """'rules':[{'nonResourceURLs':['/healthz'],'verbs':['get']}]}""";

    private const string RoleBinding = """
        {'apiVersion':'rbac.authorization.k8s.io/v1','kind':'RoleBinding','metadata':{'name':'rb','namespace':'default'},
        'roleRef':{'kind':'ClusterRole','name':'view'},
        'subjects':[{'kind':'User','name':'jane'},{'kind':'ServiceAccount','name':'bot','namespace':'default'}]}
        """;

    private const string ClusterRoleBinding =
        """{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRoleBinding','metadata':{'name':'crb'},"""
        + """'roleRef':{'kind':'ClusterRole','name':'view'},'subjects':[{'kind':'Group','name':'devs'}]}""";

    private const string Webhooks = """
        {'apiVersion':'admissionregistration.k8s.io/v1','kind':'MutatingWebhookConfiguration','metadata':{'name':'m'},
        'webhooks':[{'name':'a.example.com','sideEffects':'None',
        'admissionReviewVersions':['v1'],'clientConfig':{'service':{'namespace':'default','name':'hook'}},'rules':[{'apiGroups':[''],
        'apiVersions':['v1'],'resources':['pods'],'operations':['CREATE']}]}]}
        """;

    private const string PriorityClass =
        """{'apiVersion':'scheduling.k8s.io/v1','kind':'PriorityClass','metadata':{'name':'high'},'value':1000}""";
    private const string RuntimeClass =
        """{'apiVersion':'node.k8s.io/v1','kind':'RuntimeClass','metadata':{'name':'sandboxed'},'handler':'gvisor'}""";
    private const string Lease =
        """{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':'l','namespace':'default'},"""
        + """'spec':{'holderIdentity':'me','leaseDurationSeconds':15}}""";
    private const string LimitRange =
        """{'apiVersion':'v1','kind':'LimitRange','metadata':{'name':'lr','namespace':'default'},"""
        + """'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'100m'}}]}}""";
    private const string Quota =
        """{'apiVersion':'v1','kind':'ResourceQuota','metadata':{'name':'q','namespace':'default'},"""
        + """'spec':{'hard':{'pods':'10','requests.cpu':'4','limits.memory':'8Gi'}}}""";

    private const string Event = """
        {'apiVersion':'v1','kind':'Event','metadata':{'name':'e','namespace':'default'},'involvedObject':{'kind':'Pod',
        'namespace':'default','name':'p'},'reason':'Started','message':'Container started',
        'type':'Normal','source':{'component':'kubelet','host':'node-1'},'firstTimestamp':'2026-11-23T11:55:00Z',
        'lastTimestamp':'2026-11-23T11:59:00Z','count':2}
        """;

    private const string Controller = """
        {'apiVersion':'v1','kind':'ReplicationController','metadata':{'name':'old','namespace':'default'},'spec':{'selector':{'app':'old'},
        'template':{'metadata':{'labels':{'app':'old'}},'spec':{'containers':[{'name':'c','image':'web:1'}]}}}}
        """;

    private const string Template =
        """{'apiVersion':'v1','kind':'PodTemplate','metadata':{'name':'t','namespace':'default'},"""
        + """'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'web:1'}]}}}""";

    private const string ServiceAccount = """{'apiVersion':'v1','kind':'ServiceAccount','metadata':{'name':'bot','namespace':'default'}}""";

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults("{}", Role);
        Rows.CheckDefaults(
            "{'roleRef':{'apiGroup':'rbac.authorization.k8s.io'},'subjects':[{'kind':'User','name':'jane',"
                + "'apiGroup':'rbac.authorization.k8s.io'},{'kind':'ServiceAccount','name':'bot','namespace':'default'}]}",
            RoleBinding
        );
        Rows.CheckDefaults("{'preemptionPolicy':'PreemptLowerPriority'}", PriorityClass);
        Rows.CheckDefaults("{}", RuntimeClass);
        Rows.CheckDefaults("{}", Lease);
        Rows.CheckDefaults(
            "{'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'100m'},'default':{'cpu':'2'},"
                + "'defaultRequest':{'cpu':'2'}}]}}",
            LimitRange
        );
        Rows.CheckDefaults("{'status':{}}", Quota);
    }

    [Fact]
    public void A_webhook_gets_upstreams_defaults()
    {
        var hook = Samples.Created(Webhooks)["webhooks"]![0]!.AsObject();
        Assert.Equal(
            "Fail Equivalent 10 Never {} {}",
            string.Join(
                ' ',
                new[]
                {
                    "failurePolicy",
                    "matchPolicy",
                    "timeoutSeconds",
                    "reinvocationPolicy",
                    "namespaceSelector",
                    "objectSelector",
                }.Select(f =>
                    hook[f]!.GetValueKind() == System.Text.Json.JsonValueKind.Object ? hook[f]!.ToJsonString() : hook[f]!.ToString()
                )
            )
        );
        Assert.Equal("*", (string?)hook["rules"]![0]!["scope"]);
        Assert.Equal(443L, (long)hook["clientConfig"]!["service"]!["port"]!);
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'rules':[{'apiGroups':[''],'resources':['pods'],'verbs':[]}]}",
        "rules[0].verbs: Required value: verbs must contain at least one value"
    )]
    [InlineData(
        "{'rules':[{'resources':['pods'],'verbs':['get']}]}",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group"
    )]
    [InlineData(
        "{'rules':[{'apiGroups':[''],'verbs':['get']}]}",
        "rules[0].resources: Required value: resource rules must supply at least one resource"
    )]
    [InlineData(
        "{'rules':[{'nonResourceURLs':['/x'],'verbs':['get']}]}",
        "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"
    )]
    public void Roles_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Role, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'rules':[{'nonResourceURLs':['/x'],'apiGroups':[''],'resources':['pods'],'verbs':['get']}]}",
        "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs"
    )]
    [InlineData(
        "{'aggregationRule':{'clusterRoleSelectors':[]}}",
        "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
    )]
    public void Cluster_roles_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, ClusterRole, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'roleRef':{'kind':'Pod','name':'view'}}",
        "roleRef.kind: Unsupported value: \"Pod\": supported values: \"Role\", \"ClusterRole\""
    )]
    [InlineData(
        "{'roleRef':{'apiGroup':'other'}}",
        "roleRef.apiGroup: Unsupported value: \"other\": supported values: \"rbac.authorization.k8s.io\""
    )]
    [InlineData("{'roleRef':{'name':''}}", "roleRef.name: Required value")]
    [InlineData(
        "{'subjects':[{'kind':'Robot','name':'x'}]}",
        "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\""
    )]
    [InlineData("{'subjects':[{'kind':'User','name':''}]}", "subjects[0].name: Required value...")]
    [InlineData(
        "{'subjects':[{'kind':'ServiceAccount','name':'a','apiGroup':'x'}]}",
        "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"\""
    )]
    public void Bindings_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, RoleBinding, change);

    [Fact]
    public void The_role_of_a_binding_stays()
    {
        Rows.CheckUpdate(
            "roleRef: Invalid value: {\"kind\":\"ClusterRole\",\"name\":\"admin\",\"apiGroup\":\"rbac.authorization.k8s.io\"}: "
                + "cannot change roleRef",
            RoleBinding,
            "{'roleRef':{'name':'admin'}}"
        );
        Rows.CheckUpdate("roleRef: Invalid value: ...", ClusterRoleBinding, "{'roleRef':{'name':'admin'}}");
    }

    [Theory]
    [InlineData(
        "'name':'short'",
        "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots"
    )]
    [InlineData(
        "'sideEffects':'Some'",
        "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\""
    )]
    [InlineData("'sideEffects':null", "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun")]
    [InlineData("'admissionReviewVersions':[]", "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1")]
    [InlineData("'timeoutSeconds':31", "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds")]
    [InlineData(
        "'failurePolicy':'Shrug'",
        "webhooks[0].failurePolicy: Unsupported value: \"Shrug\": supported values: \"Fail\", \"Ignore\""
    )]
    [InlineData(
        "'matchPolicy':'Guess'",
        "webhooks[0].matchPolicy: Unsupported value: \"Guess\": supported values: \"Equivalent\", \"Exact\""
    )]
    [InlineData("'clientConfig':{'service':null}", "webhooks[0].clientConfig: Required value: exactly one of url or service is required")]
    [InlineData(
        "'matchConditions':[{'name':'x','expression':'true'}]",
        "webhooks[0].matchConditions: Forbidden: CEL expressions are not evaluated by this server"
    )]
    [InlineData(
        "'rules':[{'apiGroups':[''],'apiVersions':['v1'],'resources':['pods'],'operations':['READ']}]",
        "webhooks[0].rules[0].operations[0]: Unsupported value: \"READ\": ..."
    )]
    [InlineData(
        "'rules':[{'apiGroups':['*','apps'],'apiVersions':['v1'],'resources':['pods'],'operations':['CREATE']}]",
        "webhooks[0].rules[0].apiGroups: Invalid value: [\"*\",\"apps\"]: if '*' is present, must not specify other API groups"
    )]
    public void Webhooks_are_held_to_upstreams_rules(string change, string expected)
    {
        var hook = Samples.Parse(Webhooks)["webhooks"]![0]!.AsObject().ToJsonString();
        Rows.Check(expected, Webhooks, $"{{'webhooks':[{Samples.With(hook, $"{{{change}}}").ToJsonString()}]}}");
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'value':1000000001}", "value: Forbidden: maximum allowed value of a user defined priority is 1000000000")]
    [InlineData(
        "{'metadata':{'name':'system-mine'}}",
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
            + "system-mine is not a known system priority class"
    )]
    [InlineData(
        "{'preemptionPolicy':'Always'}",
        "preemptionPolicy: Unsupported value: \"Always\": supported values: \"Never\", \"PreemptLowerPriority\""
    )]
    public void Priority_classes_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, PriorityClass, change);

    [Theory]
    [InlineData("{'globalDefault':true,'description':'d'}", "")]
    [InlineData("{'value':7}", "value: Forbidden: may not be changed in an update.")]
    [InlineData("{'preemptionPolicy':'Never'}", "preemptionPolicy: Forbidden: may not be changed in an update...")]
    public void The_value_of_a_priority_class_stays(string change, string expected) => Rows.CheckUpdate(expected, PriorityClass, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'handler':''}", "handler: Required value...")]
    [InlineData("{'handler':'My Runtime'}", "handler: Invalid value: \"My Runtime\": ...")]
    [InlineData(
        "{'overhead':{'podFixed':{'cpu':'-1'}}}",
        "overhead.podFixed[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"
    )]
    public void Runtime_classes_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, RuntimeClass, change);

    [Fact]
    public void The_handler_of_a_runtime_class_stays() =>
        Rows.CheckUpdate("handler: Invalid value: \"runc\": field is immutable", RuntimeClass, "{'handler':'runc'}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'leaseDurationSeconds':0}", "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0")]
    [InlineData("{'leaseTransitions':-1}", "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0")]
    public void Leases_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Lease, $"{{'spec':{change}}}");

    [Theory]
    [InlineData(
        "[{'type':'Container','max':{'cpu':'1'},'min':{'cpu':'2'}}]",
        "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1..."
    )]
    [InlineData(
        "[{'type':'Container','max':{'cpu':'1'}},{'type':'Container','max':{'cpu':'1'}}]",
        "spec.limits[1].type: Duplicate value: \"Container\""
    )]
    [InlineData("[{'type':'Pod','default':{'cpu':'1'}}]", "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'")]
    [InlineData(
        "[{'type':'PersistentVolumeClaim'}]",
        "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"
    )]
    [InlineData(
        "[{'type':'Container','maxLimitRequestRatio':{'cpu':'0.5'}}]",
        "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1"
    )]
    public void Limit_ranges_are_held_to_upstreams_rules(string limits, string expected) =>
        Rows.Check(expected, LimitRange, $"{{'spec':{{'limits':{limits}}}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'hard':{'pods':'-1'}}", "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0")]
    [InlineData("{'hard':{'pods':'1.5'}}", "spec.hard[pods]: Invalid value: \"1.5\": must be an integer")]
    [InlineData(
        "{'hard':{'magic':'1'}}",
        "spec.hard[magic]: Invalid value: \"magic\": must be a standard resource type or fully qualified ; spec.hard[magic]: "
            + "Invalid value: \"magic\": must be a standard resource for quota"
    )]
    [InlineData("{'scopes':['Sunny']}", "spec.scopes: Invalid value: [\"Sunny\"]: unsupported scope...")]
    [InlineData(
        "{'scopes':['Terminating','NotTerminating']}",
        "spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes"
    )]
    public void Quotas_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Quota, $"{{'spec':{change}}}");

    [Fact]
    public void The_scopes_of_a_quota_stay() =>
        Rows.CheckUpdate("spec.scopes: Invalid value: [\"Terminating\"]: field is immutable", Quota, "{'spec':{'scopes':['Terminating']}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'involvedObject':{'namespace':'other'}}",
        "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"
    )]
    public void Events_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Event, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'selector':{'app':'new'}}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"old\"}: `selector` does not match template `labels`"
    )]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'Never'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""
    )]
    public void Replication_controllers_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Controller, $"{{'spec':{change}}}");

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow("r | 2026-11-23T11:54:48Z", Role);
        Rows.CheckRow("rb | ClusterRole/view | 5m12s [jane |  | default/bot]", RoleBinding);
        Rows.CheckRow("crb | ClusterRole/view | 5m12s [ | devs | ]", ClusterRoleBinding);
        Rows.CheckRow("m | 1 | 5m12s", Webhooks);
        Rows.CheckRow("high | 1000 | false | 5m12s | PreemptLowerPriority", PriorityClass, "{'preemptionPolicy':'PreemptLowerPriority'}");
        Rows.CheckRow("sandboxed | gvisor | 5m12s", RuntimeClass);
        Rows.CheckRow("l | me | 5m12s", Lease);
        Rows.CheckRow("lr | 2026-11-23T11:54:48Z", LimitRange);
        Rows.CheckRow(
            "q | pods: 3/10, requests.cpu: 1/4 | limits.memory: 2Gi/8Gi | 5m12s",
            Quota,
            "{'status':{'hard':{'pods':'10','requests.cpu':'4','limits.memory':'8Gi'},'used':{'pods':'3','requests.cpu':'1',"
                + "'limits.memory':'2Gi'}}}"
        );
        Rows.CheckRow("60s | Normal | Started | pod/p | Container started [ | kubelet, node-1 | 5m | 2 | e]", Event);
        Rows.CheckRow("old | 2 | 1 | 0 | 5m12s [c | web:1 | app=old]", Controller, "{'spec':{'replicas':2},'status':{'replicas':1}}");
        Rows.CheckRow("t | c | web:1 | a=b", Template);
        Rows.CheckRow("bot | 0 | 5m12s", ServiceAccount);
    }

    [Theory]
    [InlineData(Role)]
    [InlineData(ClusterRole)]
    [InlineData(RoleBinding)]
    [InlineData(ClusterRoleBinding)]
    [InlineData(Webhooks)]
    [InlineData(PriorityClass)]
    [InlineData(RuntimeClass)]
    [InlineData(Lease)]
    [InlineData(LimitRange)]
    [InlineData(Quota)]
    [InlineData(Event)]
    [InlineData(Controller)]
    [InlineData(Template)]
    [InlineData(ServiceAccount)]
    public Task Objects_are_created_read_changed_and_deleted(string text) => Rows.CheckRoundTripAsync(text);
}
