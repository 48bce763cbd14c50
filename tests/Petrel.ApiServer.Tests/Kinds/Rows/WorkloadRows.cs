using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>apps/v1, batch/v1, autoscaling/v2 and policy/v1.</summary>
public sealed class WorkloadRows
{
    private const string StatefulSet = """
        {'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'name':'db','namespace':'default'},'spec':{'serviceName':'db',
        'selector':{'matchLabels':{'app':'db'}},
        'template':{'metadata':{'labels':{'app':'db'}},'spec':{'containers':[{'name':'c','image':'redis:7'}]}}}}
        """;

    private const string DaemonSet = """
        {'apiVersion':'apps/v1','kind':'DaemonSet','metadata':{'name':'agent','namespace':'default'},
        'spec':{'selector':{'matchLabels':{'app':'agent'}},
        'template':{'metadata':{'labels':{'app':'agent'}},'spec':{'containers':[{'name':'c','image':'agent:1'}]}}}}
        """;

    private const string ControllerRevision =
        """{'apiVersion':'apps/v1','kind':'ControllerRevision','metadata':{'name':'db-1','namespace':'default'},'revision':1,"""
        + """'data':{'spec':{}}}""";

    private const string Job = """
        {'apiVersion':'batch/v1','kind':'Job','metadata':{'name':'pi','namespace':'default'},
        'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'perl:5'}]}}}}
        """;

    private const string CronJob = """
        {'apiVersion':'batch/v1','kind':'CronJob','metadata':{'name':'night','namespace':'default'},'spec':{'schedule':'0 3 * * *',
        'jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'OnFailure','containers':[{'name':'c','image':'perl:5'}]}}}}}}
        """;

    private const string Autoscaler = """
        {'apiVersion':'autoscaling/v2','kind':'HorizontalPodAutoscaler','metadata':{'name':'web','namespace':'default'},
        'spec':{'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'web'},'maxReplicas':5}}
        """;

    private const string Budget =
        """{'apiVersion':'policy/v1','kind':'PodDisruptionBudget','metadata':{'name':'web','namespace':'default'},"""
        + """'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'web'}}}}""";

    // What every pod template gets.
    private const string TemplateDefaults = "'restartPolicy':'Always'," + PodDefaults;

    private const string PodDefaults =
        "'dnsPolicy':'ClusterFirst','schedulerName':'default-scheduler','securityContext':{},'terminationGracePeriodSeconds':30";

    private const string ContainerDefaults =
        "'imagePullPolicy':'IfNotPresent','resources':{},'terminationMessagePath':'/dev/termination-log','terminationMessagePolicy':'File'";

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults(
            $$$"""
            {'spec':{'replicas':1,'podManagementPolicy':'OrderedReady','revisionHistoryLimit':10,
            'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'Retain','whenScaled':'Retain'},
            'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':0} },'template':{'spec':{{{{TemplateDefaults}}},
            'containers':[{'name':'c','image':'redis:7',{{{ContainerDefaults}}}}]} } },
            'status':{'availableReplicas':0,'replicas':0} }
            """,
            StatefulSet
        );
        Rows.CheckDefaults(
            $$$"""
            {'spec':{'revisionHistoryLimit':10,'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':0,'maxUnavailable':1} },
            'template':{'spec':{{{{TemplateDefaults}}},'containers':[{'name':'c','image':'agent:1',{{{ContainerDefaults}}}}]} } },
            'status':{'currentNumberScheduled':0,'desiredNumberScheduled':0,'numberMisscheduled':0,'numberReady':0} }
            """,
            DaemonSet
        );
        Rows.CheckDefaults(
            $$$"""
            {'spec':{'concurrencyPolicy':'Allow','suspend':false,'successfulJobsHistoryLimit':3,'failedJobsHistoryLimit':1,
            'jobTemplate':{'metadata':{},'spec':{'template':{'metadata':{},'spec':{{{{PodDefaults}}},'containers':[{'name':'c',
            'image':'perl:5',{{{ContainerDefaults}}}}]} } } } },'status':{} }
            """,
            CronJob
        );
        Rows.CheckDefaults(
            """
            {'spec':{'minReplicas':1,'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization',
            'averageUtilization':80}}}]},
            'status':{'currentMetrics':null,'desiredReplicas':0}}
            """,
            Autoscaler
        );
        Rows.CheckDefaults("{'status':{'currentHealthy':0,'desiredHealthy':0,'disruptionsAllowed':0,'expectedPods':0}}", Budget);
        Rows.CheckDefaults("{}", ControllerRevision);
    }

    [Fact]
    public void A_job_knows_its_pods_by_labels_of_its_own()
    {
        var job = Samples.Created(Samples.With(Job, "{'metadata':{'uid':'u-1'}}"));
        Assert.Equal("""{"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1"}}""", job["spec"]!["selector"]!.ToJsonString());
        Assert.Equal(
            """{"batch.kubernetes.io/controller-uid":"u-1","controller-uid":"u-1","batch.kubernetes.io/job-name":"pi","job-name":"pi"}""",
            job["spec"]!["template"]!["metadata"]!["labels"]!.ToJsonString()
        );
        Assert.Equal(
            "6 NonIndexed 1 1 False TerminatingOrFailed",
            string.Join(
                ' ',
                new[] { "backoffLimit", "completionMode", "completions", "parallelism", "suspend", "podReplacementPolicy" }.Select(f =>
                    job["spec"]![f]!.ToString() is "false" ? "False" : job["spec"]![f]!.ToString()
                )
            )
        );
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'minReadySeconds':-1}", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'podManagementPolicy':'Random'}",
        "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"
    )]
    [InlineData(
        "{'updateStrategy':{'type':'Recreate'}}",
        "spec.updateStrategy: Invalid value: {\"Type\":\"Recreate\",\"RollingUpdate\":null}: must be 'RollingUpdate' or 'OnDelete'"
    )]
    [InlineData(
        "{'updateStrategy':{'type':'OnDelete','rollingUpdate':{'partition':1}}}",
        "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed for "
            + "updateStrategy 'RollingUpdate'"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'partition':-1}}}",
        "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}}",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'maxUnavailable':'101%'}}}",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"
    )]
    [InlineData(
        "{'selector':null}",
        "spec.selector: Required value ; spec.template.metadata.labels: Invalid value: {\"app\":\"db\"}: `selector` does not "
            + "match template `labels`"
    )]
    [InlineData("{'selector':{'matchLabels':null}}", "spec.selector: Invalid value: {}: empty selector is invalid for statefulset")]
    [InlineData("{'serviceName':'Db.'}", "spec.serviceName: Invalid value: \"Db.\": a lowercase RFC 1123 label must consist of ...")]
    [InlineData("{'serviceName':null}", "")]
    [InlineData(
        "{'template':{'spec':{'activeDeadlineSeconds':9}}}",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"
    )]
    [InlineData(
        "{'template':{'spec':{'containers':[{'name':'c','image':'redis:7','volumeMounts':[{'name':'data','mountPath':'/data'}]}]}}}",
        "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"data\""
    )]
    [InlineData(
        "{'template':{'spec':{'containers':[{'name':'c','image':'redis:7','volumeMounts':[{'name':'data',"
            + "'mountPath':'/data'}]}]}},'volumeClaimTemplates':[{'metadata':{'name':'data'},"
            + "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}]}",
        ""
    )]
    [InlineData(
        "{'selector':{'matchLabels':{'app':'other'}}}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"db\"}: `selector` does not match template `labels`"
    )]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'Never'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""
    )]
    [InlineData("{'ordinals':{'start':-1}}", "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'Keep'}}",
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: \"Keep\": supported values: \"Retain\", \"Delete\""
    )]
    public void Stateful_sets_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, StatefulSet, $"{{'spec':{change}}}");

    [Theory]
    [InlineData(
        "{'replicas':3,'template':{'spec':{'containers':[{'name':'c','image':'redis:8'}]}},'updateStrategy':{'type':'OnDelete',"
            + "'rollingUpdate':null},'minReadySeconds':3,'revisionHistoryLimit':2,'ordinals':{'start':2}}",
        ""
    )]
    [InlineData(
        "{'serviceName':'other'}",
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            + "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )]
    [InlineData("{'podManagementPolicy':'Parallel'}", "spec: Forbidden: updates to statefulset spec for fields other than ...")]
    [InlineData(
        "{'selector':{'matchLabels':{'b':'c'}},'template':{'metadata':{'labels':{'b':'c'}}}}",
        "spec: Forbidden: updates to statefulset spec for fields other than ..."
    )]
    [InlineData("{'replicas':-1}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    public void Of_stateful_sets_some_fields_may_change(string change, string expected) =>
        Rows.CheckUpdate(expected, StatefulSet, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'updateStrategy':{'type':'OnDelete'}}", "")]
    [InlineData(
        "{'updateStrategy':{'type':'Slowly'}}",
        "spec.updateStrategy: Unsupported value: {\"Type\":\"Slowly\",\"RollingUpdate\":null}: supported values: "
            + "\"RollingUpdate\", \"OnDelete\""
    )]
    [InlineData(
        "{'selector':null}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"agent\"}: `selector` does not match template `labels`"
    )]
    [InlineData("{'selector':{'matchLabels':null}}", "spec.selector: Invalid value: {}: empty selector is invalid for daemonset")]
    [InlineData("{'minReadySeconds':-1}", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'template':{'spec':{'activeDeadlineSeconds':9}}}",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}}",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'maxUnavailable':1,'maxSurge':1}}}",
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
    )]
    [InlineData(
        "{'updateStrategy':{'rollingUpdate':{'maxUnavailable':'110%'}}}",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"110%\": must not be greater than 100%"
    )]
    [InlineData("{'revisionHistoryLimit':-1}", "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'selector':{'matchLabels':{'app':'other'}}}",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"agent\"}: `selector` does not match template `labels`"
    )]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'OnFailure'}}}",
        "spec.template.spec.restartPolicy: Unsupported value: \"OnFailure\": supported values: \"Always\""
    )]
    public void Daemon_sets_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, DaemonSet, $"{{'spec':{change}}}");

    [Fact]
    public void A_daemon_sets_selector_stays() =>
        Rows.CheckUpdate(
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"agent\",\"b\":\"c\"}}: field is immutable",
            DaemonSet,
            "{'spec':{'selector':{'matchLabels':{'b':'c'}},'template':{'metadata':{'labels':{'b':'c'}}}}}"
        );

    [Theory]
    [InlineData("a.b", "metadata.name: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of ")]
    [InlineData("a-b", "")]
    public void A_stateful_sets_name_begins_those_of_its_pods(string name, string expected)
    {
        var set = Samples.With(StatefulSet, $"{{'metadata':{{'name':'{name}'}}}}");
        var errors = new FieldErrors();
        MetadataValidation.Validate(set, Samples.Kind(set), errors);
        Assert.StartsWith(expected, string.Join(" ; ", errors.All), StringComparison.Ordinal);
        Assert.Equal(expected.Length > 0, errors.Any);
    }

    [Theory]
    [InlineData("{'revision':2}", "")]
    [InlineData("{'revision':-1}", "revision: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'data':{'spec':{'a':1}}}", "data: Invalid value: {\"spec\":{\"a\":1}}: field is immutable")]
    public void The_data_of_a_controller_revision_stays(string change, string expected) =>
        Rows.CheckUpdate(expected, ControllerRevision, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'parallelism':-1}", "spec.parallelism: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'completions':-1}", "spec.completions: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'activeDeadlineSeconds':-1}", "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'backoffLimit':-1}", "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("{'ttlSecondsAfterFinished':-1}", "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'completionMode':'Some'}",
        "spec.completionMode: Unsupported value: \"Some\": supported values: \"Indexed\", \"NonIndexed\""
    )]
    [InlineData("{'completionMode':'Indexed','parallelism':2}", "spec.completions: Required value: when completion mode is Indexed")]
    [InlineData(
        "{'completionMode':'Indexed','completions':3,'backoffLimitPerIndex':1,'maxFailedIndexes':4}",
        "spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions"
    )]
    [InlineData(
        "{'completionMode':'Indexed','completions':3,'maxFailedIndexes':1}",
        "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"
    )]
    [InlineData("{'backoffLimitPerIndex':1}", "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode")]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'Always'}}}",
        "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""
    )]
    [InlineData(
        "{'template':{'spec':{'restartPolicy':'OnFailure'}},'podFailurePolicy':{'rules':[{'action':'Ignore',"
            + "'onPodConditions':[{'type':'DisruptionTarget'}]}]}}",
        "spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is supported when podFailurePolicy is specified"
    )]
    [InlineData("{'podFailurePolicy':{'rules':[{'action':'FailJob'}]}}", "spec.podFailurePolicy.rules[0]: Invalid value: ...")]
    [InlineData(
        "{'podFailurePolicy':{'rules':[{'action':'Retry','onPodConditions':[{'type':'DisruptionTarget'}]}]}}",
        "spec.podFailurePolicy.rules[0].action: Unsupported value: \"Retry\": supported values: \"Count\", \"FailIndex\", "
            + "\"FailJob\", \"Ignore\""
    )]
    [InlineData(
        "{'podFailurePolicy':{'rules':[{'action':'FailJob','onExitCodes':{'operator':'In','values':[]}}]}}",
        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []: at least one value is required"
    )]
    [InlineData(
        "{'podFailurePolicy':{'rules':[{'action':'FailJob','onExitCodes':{'operator':'In','values':[0]}}]}}",
        "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"
    )]
    [InlineData("{'successPolicy':{'rules':[]}}", "spec.successPolicy: Invalid value: ...")]
    [InlineData("{'manualSelector':true}", "spec.selector: Required value")]
    public void Jobs_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Job, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{'parallelism':4,'suspend':true,'activeDeadlineSeconds':9,'ttlSecondsAfterFinished':3,'backoffLimit':2}", "")]
    [InlineData("{'completions':7}", "spec.completions: Invalid value: 7: field is immutable")]
    [InlineData("{'completionMode':'Indexed'}", "spec.completionMode: Invalid value: \"Indexed\": field is immutable")]
    [InlineData("{'template':{'spec':{'containers':[{'name':'c','image':'perl:6'}]}}}", "spec.template: Invalid value: ...")]
    [InlineData("{'selector':{'matchLabels':{'x':'y'}}}", "spec.template.metadata.labels: Invalid value: ...")]
    public void Of_jobs_some_fields_may_change(string change, string expected) => Rows.CheckUpdate(expected, Job, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'schedule':''}", "spec.schedule: Required value")]
    [InlineData("{'schedule':'* * * *'}", "spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("{'schedule':'61 * * * *'}", "spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61")]
    [InlineData("{'schedule':'@often'}", "spec.schedule: Invalid value: \"@often\": unrecognized descriptor: @often")]
    [InlineData("{'schedule':'@hourly'}", "")]
    [InlineData("{'schedule':'*/5 8-18 * jan,jul mon-fri'}", "")]
    [InlineData(
        "{'schedule':'TZ=UTC 0 * * * *'}",
        "spec.schedule: Invalid value: \"TZ=UTC 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    )]
    [InlineData("{'timeZone':'Europe/Zurich'}", "")]
    [InlineData("{'timeZone':'Mars/Base'}", "spec.timeZone: Invalid value: \"Mars/Base\": unknown time zone Mars/Base")]
    [InlineData(
        "{'timeZone':'Local'}",
        "spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    )]
    [InlineData(
        "{'concurrencyPolicy':'Maybe'}",
        "spec.concurrencyPolicy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\", \"Replace\""
    )]
    [InlineData("{'startingDeadlineSeconds':-1}", "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'successfulJobsHistoryLimit':-1}",
        "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"
    )]
    [InlineData(
        "{'jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Always'}}}}}",
        "spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""
    )]
    public void Cron_jobs_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, CronJob, $"{{'spec':{change}}}");

    [Fact]
    public void A_cron_jobs_name_leaves_room_for_its_jobs()
    {
        var name = new string('a', 53);
        Rows.Check(
            $"metadata.name: Invalid value: \"{name}\": must be no more than 52 characters",
            CronJob,
            $"{{'metadata':{{'name':'{name}'}}}}"
        );
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'minReplicas':0}", "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1")]
    [InlineData(
        "{'maxReplicas':0}",
        "spec.maxReplicas: Invalid value: 0: must be greater than 0 ; spec.maxReplicas: Invalid value: 0: must be greater than "
            + "or equal to `minReplicas`"
    )]
    [InlineData("{'scaleTargetRef':{'kind':''}}", "spec.scaleTargetRef.kind: Required value")]
    [InlineData("{'metrics':[{'type':'Luck'}]}", "spec.metrics[0].type: Unsupported value: \"Luck\": ...")]
    [InlineData(
        "{'metrics':[{'type':'Pods','pods':{'metric':{'name':'x'},'target':{'type':'AverageValue'}}}]}",
        "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue"
    )]
    [InlineData(
        "{'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':0}}}]}",
        "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"
    )]
    [InlineData(
        "{'behavior':{'scaleUp':{'stabilizationWindowSeconds':3601}}}",
        "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600"
    )]
    [InlineData(
        "{'behavior':{'scaleDown':{'policies':[{'type':'Pods','value':0,'periodSeconds':15}]}}}",
        "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero"
    )]
    [InlineData(
        "{'behavior':{'scaleDown':{'policies':[{'type':'Pods','value':1,'periodSeconds':1801}]}}}",
        "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800"
    )]
    [InlineData(
        "{'behavior':{'scaleDown':{'selectPolicy':'Best'}}}",
        "spec.behavior.scaleDown.selectPolicy: Unsupported value: \"Best\": supported values: \"Disabled\", \"Max\", \"Min\""
    )]
    public void Autoscalers_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Autoscaler, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'minAvailable':'50%'}", "")]
    [InlineData("{'maxUnavailable':1}", "spec: Invalid value: ...")]
    [InlineData("{'minAvailable':-1}", "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData(
        "{'minAvailable':'half'}",
        "spec.minAvailable: Invalid value: \"half\": a valid percent string must be a numeric string followed by an ending '%' "
            + "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
    )]
    [InlineData("{'minAvailable':'120%'}", "spec.minAvailable: Invalid value: \"120%\": must not be greater than 100%")]
    [InlineData(
        "{'unhealthyPodEvictionPolicy':'Never'}",
        "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\""
    )]
    [InlineData(
        "{'selector':{'matchExpressions':[{'key':'a','operator':'Is','values':['b']}]}}",
        "spec.selector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid selector operator"
    )]
    public void Budgets_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Budget, $"{{'spec':{change}}}");

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow("db | 1/3 | 5m12s [c | redis:7]", StatefulSet, "{'spec':{'replicas':3},'status':{'readyReplicas':1}}");
        Rows.CheckRow(
            "agent | 3 | 3 | 2 | 1 | 0 | disk=ssd | 5m12s [c | agent:1 | app=agent]",
            DaemonSet,
            "{'spec':{'template':{'spec':{'nodeSelector':{'disk':'ssd'}}}},'status':{'desiredNumberScheduled':3,"
                + "'currentNumberScheduled':3,'numberReady':2,'updatedNumberScheduled':1}}"
        );
        Rows.CheckRow(
            "db-1 | statefulset.apps/db | 1 | 5m12s",
            ControllerRevision,
            "{'metadata':{'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet','name':'db','uid':'u','controller':true}]}}"
        );
        Rows.CheckRow(
            "pi | Complete | 1/1 | 3s | 5m12s [c | perl:5 | a=b]",
            Job,
            "{'spec':{'completions':1,'selector':{'matchLabels':{'a':'b'}}},'status':{'succeeded':1,"
                + "'startTime':'2026-11-23T11:54:49Z','completionTime':'2026-11-23T11:54:52Z','conditions':[{'type':'Complete',"
                + "'status':'True'}]}}"
        );
        Rows.CheckRow(
            "night | 0 3 * * * | <none> | False | 1 | 5m9s | 5m12s [c | perl:5 | <none>]",
            CronJob,
            "{'spec':{'suspend':false},'status':{'active':[{}],'lastScheduleTime':'2026-11-23T11:54:51Z'}}"
        );
        Rows.CheckRow(
            "web | Deployment/web | cpu: 30%/80% | 1 | 5 | 2 | 5m12s",
            Autoscaler,
            "{'spec':{'minReplicas':1,'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization',"
                + "'averageUtilization':80}}}]},'status':{'currentReplicas':2,'currentMetrics':[{'type':'Resource',"
                + "'resource':{'name':'cpu','current':{'averageUtilization':30}}}]}}"
        );
        Rows.CheckRow("web | 1 | N/A | 2 | 5m12s", Budget, "{'status':{'disruptionsAllowed':2}}");
    }

    [Theory]
    [InlineData(StatefulSet)]
    [InlineData(DaemonSet)]
    [InlineData(ControllerRevision)]
    [InlineData(Job)]
    [InlineData(CronJob)]
    [InlineData(Autoscaler)]
    [InlineData(Budget)]
    public Task Objects_are_created_read_changed_and_deleted(string text) => Rows.CheckRoundTripAsync(text);
}
