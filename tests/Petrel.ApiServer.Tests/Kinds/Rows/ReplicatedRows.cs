using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>What keeps a number of equal pods: Deployments, ReplicaSets and ReplicationControllers.</summary>
public sealed class ReplicatedRows
{
    private const string Controller = """
        {'apiVersion':'v1','kind':'ReplicationController','metadata':{'name':'old','namespace':'default'},'spec':{'selector':{'app':'old'},
        'template':{'metadata':{'labels':{'app':'old'}},'spec':{'containers':[{'name':'c','image':'web:1'}]}}}}
        """;

    private const string Template = """
        'template':{'spec':{'restartPolicy':'Always','dnsPolicy':'ClusterFirst','schedulerName':'default-scheduler','securityContext':{},
        'terminationGracePeriodSeconds':30,
        'containers':[{'name':'c','image':'nginx:1.27','imagePullPolicy':'IfNotPresent','resources':{},
        'terminationMessagePath':'/dev/termination-log','terminationMessagePolicy':'File'}]}}
        """;

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults(
            $"{{'spec':{{'replicas':1,'revisionHistoryLimit':10,'progressDeadlineSeconds':600,"
                + $"'strategy':{{'type':'RollingUpdate','rollingUpdate':{{'maxUnavailable':'25%','maxSurge':'25%'}}}},"
                + $"{Template}}},'status':{{}}}}",
            Samples.Deployment
        );
        Rows.CheckDefaults($"{{'spec':{{'replicas':1,{Template}}},'status':{{'replicas':0}}}}", Samples.ReplicaSet);
    }

    [Fact]
    public void A_strategy_without_rolling_has_no_numbers_to_roll_by()
    {
        var recreated = Samples.Created(Samples.With(Samples.Deployment, "{'spec':{'strategy':{'type':'Recreate'}}}"));
        Assert.Equal("""{"type":"Recreate"}""", recreated["spec"]!["strategy"]!.ToJsonString());
        var half = Samples.Created(Samples.With(Samples.Deployment, "{'spec':{'strategy':{'rollingUpdate':{'maxSurge':2}}}}"));
        Assert.Equal(
            """{"rollingUpdate":{"maxSurge":2,"maxUnavailable":"25%"},"type":"RollingUpdate"}""",
            half["spec"]!["strategy"]!.ToJsonString()
        );
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'selector':null}",
        "spec.selector: Required value ; spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not "
            + "match template `labels`"
    )]
    [InlineData("{'selector':{'matchLabels':null}}", "spec.selector: Invalid value: {}: empty selector is invalid for deployment")]
    [InlineData(
        "{'template':{'metadata':{'labels':null}}}",
        "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"
    )]
    [InlineData("{'template':null}", "spec.template: Required value")]
    [InlineData(
        "{'template':{'metadata':{'labels':{'a b':'c'}}}}",
        "spec.template.labels: Invalid value: \"a b\": name part must consist of ..."
    )]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'OnFailure'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"OnFailure\": supported values: \"Always\""
    )]
    [InlineData(
        "{'template':{'spec':{'activeDeadlineSeconds':5}}}",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"
    )]
    [InlineData("{'template':{'spec':{'containers':[]}}}", "spec.template.spec.containers: Required value")]
    [InlineData(
        "{'template':{'spec':{'ephemeralContainers':[{'name':'e','image':'sh'}]}}}",
        "spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template"
    )]
    [InlineData(
        "{'replicas':-1,'minReadySeconds':-1,'template':{'spec':{'containers':[{'name':'c'}]}}}",
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0 ; ..."
    )]
    public void Deployments_and_replica_sets_are_held_to_the_same_rules(string change, string expected)
    {
        Rows.Check(expected, Samples.Deployment, $"{{'spec':{change}}}");
        Rows.Check(expected, Samples.ReplicaSet, $"{{'spec':{change}}}");
    }

    [Theory]
    [InlineData(
        "{'strategy':{'type':'Blue'}}",
        "spec.strategy: Unsupported value: {\"Type\":\"Blue\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\""
    )]
    [InlineData(
        "{'strategy':{'type':'Blue','rollingUpdate':{'maxSurge':1}}}",
        "spec.strategy: Unsupported value: {\"Type\":\"Blue\",\"RollingUpdate\":{\"MaxUnavailable\":0,\"MaxSurge\":1}}: "
            + "supported values: \"Recreate\", \"RollingUpdate\""
    )]
    [InlineData(
        "{'strategy':{'type':'Recreate','rollingUpdate':{}}}",
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
    )]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxUnavailable':'0%','maxSurge':0}}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"
    )]
    [InlineData(
        "{'strategy':{'rollingUpdate':{'maxUnavailable':-1,'maxSurge':1}}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"
    )]
    [InlineData(
        "{'progressDeadlineSeconds':-1}",
        "spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0 ; spec.progressDeadlineSeconds: "
            + "Invalid value: -1: must be greater than minReadySeconds"
    )]
    [InlineData(
        "{'progressDeadlineSeconds':5,'minReadySeconds':5}",
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"
    )]
    [InlineData("{'revisionHistoryLimit':-1}", "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'replicas':-1,'selector':null,'minReadySeconds':-1,'revisionHistoryLimit':-1}",
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0 ; spec.selector: Required value ; "
            + "spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels` ; "
            + "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0 ; spec.revisionHistoryLimit: Invalid "
            + "value: -1: must be greater than or equal to 0"
    )]
    public void Deployments_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Samples.Deployment, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{'replicas':3,'template':{'spec':{'containers':[{'name':'c','image':'nginx:2'}]}},'minReadySeconds':3}", "")]
    [InlineData(
        "{'selector':{'matchLabels':{'b':'c'}},'template':{'metadata':{'labels':{'b':'c'}}}}",
        "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\",\"b\":\"c\"}}: field is immutable"
    )]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    public void All_but_the_selector_may_change(string change, string expected)
    {
        Rows.CheckUpdate(expected, Samples.Deployment, $"{{'spec':{change}}}");
        Rows.CheckUpdate(expected, Samples.ReplicaSet, $"{{'spec':{change}}}");
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'minReadySeconds':-1}", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'selector':null}", "")]
    [InlineData("{'selector':null,'template':{'metadata':{'labels':null}}}", "spec.selector: Required value")]
    [InlineData(
        "{'selector':{'app':'new'}}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"old\"}: `selector` does not match template `labels`"
    )]
    [InlineData("{'template':null}", "spec.template: Required value")]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'Never'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""
    )]
    [InlineData(
        "{'template':{'spec':{'activeDeadlineSeconds':5}}}",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported"
    )]
    public void Replication_controllers_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Controller, $"{{'spec':{change}}}");

    [Fact]
    public void A_replication_controllers_selector_may_change() =>
        Rows.CheckUpdate("", Controller, "{'spec':{'selector':{'app':'new'},'template':{'metadata':{'labels':{'app':'new'}}}}}");

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow(
            "d | 2/3 | 1 | 2 | 5m12s [c | nginx:1.27 | app=x]",
            Samples.Deployment,
            "{'spec':{'replicas':3},'status':{'readyReplicas':2,'updatedReplicas':1,'availableReplicas':2}}"
        );
        Rows.CheckRow("d | 0/1 | 0 | 0 | 5m12s [c | nginx:1.27 | app=x]", Samples.Deployment, "{'spec':{'replicas':1}}");
        Rows.CheckRow(
            "d | 3 | 2 | 1 | 5m12s [c | nginx:1.27 | app=x]",
            Samples.ReplicaSet,
            "{'spec':{'replicas':3},'status':{'replicas':2,'readyReplicas':1}}"
        );
        Rows.CheckRow(
            "old | 3 | 2 | 1 | 5m12s [c | web:1 | app=old]",
            Controller,
            "{'spec':{'replicas':3},'status':{'replicas':2,'readyReplicas':1}}"
        );
        Rows.CheckRow(
            "d | 0/1 | 0 | 0 | 5m12s [c,d | nginx:1.27,sh:1 | app in (x,y)]",
            Samples.Deployment,
            "{'spec':{'replicas':1,'selector':{'matchLabels':null,'matchExpressions':[{'key':'app','operator':'In',"
                + "'values':['x','y']}]},'template':{'spec':{'containers':[{'name':'c','image':'nginx:1.27'},{'name':'d',"
                + "'image':'sh:1'}]}}}}"
        );
    }

    [Fact]
    public async Task Objects_are_created_read_changed_and_deleted()
    {
        await Rows.CheckRoundTripAsync(Samples.Deployment);
        await Rows.CheckRoundTripAsync(Samples.ReplicaSet);
        await Rows.CheckRoundTripAsync(Controller);
    }
}
