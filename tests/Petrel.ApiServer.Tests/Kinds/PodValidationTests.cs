using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>Every rule with a document that breaks it and one beside it that does not (the expectation is empty).</summary>
public sealed class PodValidationTests
{
    private static string Said(JsonObject pod, JsonObject? old = null) => string.Join(" ; ", Samples.Problems(pod, old));

    private static void Check(string expected, JsonObject pod)
    {
        var said = Said(pod);
        Assert.True(
            expected.Length == 0 ? said.Length == 0 : said.StartsWith(expected, StringComparison.Ordinal),
            $"expected: {expected}\nsaid:     {said}"
        );
    }

    /// <summary>A pod whose only container has these members more.</summary>
    private static JsonObject WithContainer(string members, string list = "containers")
    {
        var pod = Samples.Parse(Samples.Pod);
        var container = Samples.With("{'name':'x','image':'i'}", members);
        if (list == "containers")
        {
            pod["spec"]!["containers"]![0] = container;
        }
        else
        {
            pod["spec"]![list] = new JsonArray(container);
        }
        pod["spec"]!["volumes"] = Samples.Parse("{'v':[{'name':'v'}]}")["v"]!.DeepClone();
        return pod;
    }

    [Theory]
    [InlineData(
        "{'restartPolicy':'Sometimes'}",
        "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""
    )]
    [InlineData("{'restartPolicy':'Never'}", "")]
    [InlineData("{'containers':[]}", "spec.containers: Required value")]
    [InlineData("{'dnsPolicy':'x'}", "spec.dnsPolicy: Unsupported value: \"x\"")]
    [InlineData("{'dnsPolicy':'None'}", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")]
    [InlineData("{'dnsPolicy':'None','dnsConfig':{'nameservers':['1.1.1.1']}}", "")]
    [InlineData(
        "{'dnsConfig':{'nameservers':['one']}}",
        "spec.dnsConfig.nameservers[0]: Invalid value: \"one\": must be a valid IP address"
    )]
    [InlineData("{'activeDeadlineSeconds':0}", "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive")]
    [InlineData("{'activeDeadlineSeconds':1}", "")]
    [InlineData(
        "{'containers':[{'name':'x','image':'i','restartPolicyRules':[{'action':'Restart','exitCodes':{'operator':'In','values':[1]}}]}]}",
        "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"
    )]
    [InlineData(
        "{'containers':[{'name':'x','image':'i','restartPolicy':'Never','restartPolicyRules':[{'action':'Restart',"
            + "'exitCodes':{'operator':'In','values':[1]}}]}]}",
        ""
    )]
    [InlineData(
        "{'containers':[{'name':'x','image':'i','restartPolicy':'Never','restartPolicyRules':[{'action':'Wait',"
            + "'exitCodes':{'operator':'Is','values':[1]}}]}]}",
        "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Wait\": supported values: \"Restart\" ; "
            + "spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: \"Is\": supported values: \"In\", \"NotIn\""
    )]
    [InlineData("{'hostname':'a.b'}", "spec.hostname: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of")]
    [InlineData("{'hostname':'a','subdomain':'b'}", "")]
    [InlineData("{'serviceAccountName':'A'}", "spec.serviceAccountName: Invalid value: \"A\": a lowercase RFC 1123 subdomain")]
    [InlineData("{'nodeSelector':{'a b':'c'}}", "spec.nodeSelector: Invalid value: \"a b\": name part must consist of")]
    [InlineData("{'nodeSelector':{'kubernetes.io/hostname':'c'}}", "")]
    [InlineData(
        "{'tolerations':[{'operator':'Equal'}]}",
        "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty"
    )]
    [InlineData("{'tolerations':[{'operator':'Exists'}]}", "")]
    [InlineData(
        "{'tolerations':[{'key':'a','operator':'Exists','value':'b'}]}",
        "spec.tolerations[0].operator: Invalid value: {\"Key\":\"a\",\"Operator\":\"Exists\",\"Value\":\"b\",\"Effect\":\"\","
            + "\"TolerationSeconds\":null}: value must be empty when `operator` is 'Exists'"
    )]
    [InlineData(
        "{'tolerations':[{'key':'a','operator':'Like'}]}",
        "spec.tolerations[0].operator: Unsupported value: \"Like\": supported values: \"Equal\", \"Exists\""
    )]
    [InlineData(
        "{'tolerations':[{'key':'a','value':'b','effect':'NoSchedule','tolerationSeconds':3}]}",
        "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"
    )]
    [InlineData("{'tolerations':[{'key':'a','effect':'NoExecute','tolerationSeconds':3}]}", "")]
    [InlineData("{'tolerations':[{'key':'a','effect':'Push'}]}", "spec.tolerations[0].effect: Unsupported value: \"Push\"")]
    [InlineData(
        "{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[" + "]}}}}",
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must "
            + "have at least one node selector term"
    )]
    [InlineData(
        "{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':["
            + "{'matchExpressions':[{'key':'a','operator':'In'}]}]}}}}",
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: "
            + "Required value: must be specified when `operator` is 'In' or 'NotIn'"
    )]
    [InlineData(
        "{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':["
            + "{'matchExpressions':[{'key':'a','operator':'Gt','values':['1']}]}]}}}}",
        ""
    )]
    [InlineData(
        "{'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':0,'preference':{}}]}}}",
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100"
    )]
    [InlineData(
        "{'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'labelSelector':{}}]}}}",
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty"
    )]
    [InlineData("{'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'a'}]}}}", "")]
    [InlineData(
        "{'topologySpreadConstraints':[{'maxSkew':0,'topologyKey':'a','whenUnsatisfiable':'DoNotSchedule'}]}",
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"
    )]
    [InlineData(
        "{'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'a','whenUnsatisfiable':'Maybe'}]}",
        "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Maybe\""
    )]
    [InlineData("{'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'a','whenUnsatisfiable':'ScheduleAnyway'}]}", "")]
    [InlineData("{'schedulingGates':[{'name':'a'},{'name':'a'}]}", "spec.schedulingGates[1].name: Duplicate value: \"a\"")]
    [InlineData(
        "{'nodeName':'n','schedulingGates':[{'name':'a'}]}",
        "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
    )]
    [InlineData("{'readinessGates':[{'conditionType':'a b'}]}", "spec.readinessGates[0].conditionType: Invalid value: \"a b\"")]
    [InlineData("{'hostAliases':[{'ip':'x','hostnames':['a']}]}", "spec.hostAliases[0].ip: Invalid value: \"x\"")]
    [InlineData("{'os':{'name':'plan9'}}", "spec.os.name: Unsupported value: \"plan9\"")]
    [InlineData("{'volumes':[{'name':'a'},{'name':'a'}]}", "spec.volumes[1].name: Duplicate value: \"a\"")]
    [InlineData("{'volumes':[{'name':'A'}]}", "spec.volumes[0].name: Invalid value: \"A\"")]
    [InlineData("{'volumes':[{'emptyDir':{}}]}", "spec.volumes[0].name: Required value")]
    [InlineData(
        "{'volumes':[{'name':'a','emptyDir':{},'hostPath':{'path':'/x'}}]}",
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"
    )]
    [InlineData("{'volumes':[{'name':'a','hostPath':{'path':''}}]}", "spec.volumes[0].hostPath.path: Required value")]
    [InlineData(
        "{'volumes':[{'name':'a','hostPath':{'path':'/a/../b'}}]}",
        "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','hostPath':{'path':'/x','type':'Pipe'}}]}",
        "spec.volumes[0].hostPath.type: Unsupported value: \"Pipe\""
    )]
    [InlineData("{'volumes':[{'name':'a','configMap':{}}]}", "spec.volumes[0].configMap.name: Required value")]
    [InlineData(
        "{'volumes':[{'name':'a','configMap':{'name':'c','defaultMode':512}}]}",
        "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','configMap':{'name':'c','items':[{'key':'k','path':'../x'}]}}]}",
        "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'"
    )]
    [InlineData("{'volumes':[{'name':'a','configMap':{'name':'c','items':[{'key':'k','path':'x/y'}]}}]}", "")]
    [InlineData("{'volumes':[{'name':'a','secret':{}}]}", "spec.volumes[0].secret.secretName: Required value")]
    [InlineData(
        "{'volumes':[{'name':'a','emptyDir':{'sizeLimit':'-1'}}]}",
        "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity"
    )]
    [InlineData("{'volumes':[{'name':'a','downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'metadata.labels'}}]}}]}", "")]
    [InlineData(
        "{'volumes':[{'name':'a','downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'status.podIP'}}]}}]}",
        "spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: \"status.podIP\""
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'t','expirationSeconds':60}}]}}]}",
        "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a "
            + "duration less than 10 minutes"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'/etc/shadow'}}]}}]}",
        "spec.volumes[0].projected.path: Invalid value: \"/etc/shadow\": must be a relative path"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'../x'}}]}}]}",
        "spec.volumes[0].projected.path: Invalid value: \"../x\": must not contain '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'a/../../x'}}]}}]}",
        "spec.volumes[0].projected.path: Invalid value: \"a/../../x\": must not contain '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'..data'}}]}}]}",
        "spec.volumes[0].projected.path: Invalid value: \"..data\": must not start with '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{}}]}}]}",
        "spec.volumes[0].projected.path: Required value"
    )]
    [InlineData("{'volumes':[{'name':'a','projected':{'sources':[{'serviceAccountToken':{'path':'tokens/api'}}]}}]}", "")]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'clusterTrustBundle':{'name':'b','path':'/ca.pem'}}]}}]}",
        "spec.volumes[0].projected.sources[0].clusterTrustBundlePEM.path: Invalid value: \"/ca.pem\": must be a relative path"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'podCertificate':{'keyPath':'../key.pem'}}]}}]}",
        "spec.volumes[0].projected.sources[0].podCertificate.keyPath: Invalid value: \"../key.pem\": must not contain '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'secret':{'name':'s','items':[{'key':'k','path':'/x'}]}}]}}]}",
        "spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: \"/x\": must be a relative path"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'downwardAPI':{'items':[{'path':'..x',"
            + "'fieldRef':{'fieldPath':'metadata.name'}}]}}]}}]}",
        "spec.volumes[0].projected.sources[0].downwardAPI.items[0].path: Invalid value: \"..x\": must not start with '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','projected':{'sources':[{'secret':{'name':'s','items':[{'key':'k','path':'x'}]}},"
            + "{'configMap':{'name':'m','items':[{'key':'k','path':'x'}]}}]}}]}",
        "spec.volumes[0].projected: Invalid value: \"m\": conflicting duplicate paths"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','secret':{'secretName':'s','items':[{'key':'k','path':'a/../b'}]}}]}",
        "spec.volumes[0].secret.items[0].path: Invalid value: \"a/../b\": must not contain '..'"
    )]
    [InlineData(
        "{'volumes':[{'name':'a','downwardAPI':{'items':[{'path':'/l','fieldRef':{'fieldPath':'metadata.labels'}}]}}]}",
        "spec.volumes[0].downwardAPI.items[0].path: Invalid value: \"/l\": must be a relative path"
    )]
    [InlineData(
        "{'resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}}",
        "spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"
    )]
    public void Specs_are_held_to_upstreams_rules(string change, string expected) =>
        Check(expected, Samples.With(Samples.Pod, $"{{'spec':{change}}}"));

    [Theory]
    [InlineData("{'name':null}", "spec.containers[0].name: Required value")]
    [InlineData(
        "{'name':'A_b'}",
        "spec.containers[0].name: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric "
            + "characters or '-'"
    )]
    [InlineData("{'image':null}", "spec.containers[0].image: Required value")]
    [InlineData("{'image':' i'}", "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace")]
    [InlineData(
        "{'imagePullPolicy':'Perhaps'}",
        "spec.containers[0].imagePullPolicy: Unsupported value: \"Perhaps\": supported values: \"Always\", \"IfNotPresent\", \"Never\""
    )]
    [InlineData("{'terminationMessagePolicy':'x'}", "spec.containers[0].terminationMessagePolicy: Unsupported value: \"x\"")]
    [InlineData("{'ports':[{'containerPort':0}]}", "spec.containers[0].ports[0].containerPort: Required value")]
    [InlineData(
        "{'ports':[{'containerPort':65536}]}",
        "spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"
    )]
    [InlineData(
        "{'ports':[{'containerPort':1,'protocol':'ICMP'}]}",
        "spec.containers[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\""
    )]
    [InlineData(
        "{'ports':[{'containerPort':1,'name':'a'},{'containerPort':2,'name':'a'}]}",
        "spec.containers[0].ports[1].name: Duplicate value: \"a\""
    )]
    [InlineData(
        "{'ports':[{'containerPort':1,'name':'1'}]}",
        "spec.containers[0].ports[0].name: Invalid value: \"1\": must contain at least one letter (a-z)"
    )]
    [InlineData(
        "{'ports':[{'containerPort':1,'name':'a-very-long-port-name'}]}",
        "spec.containers[0].ports[0].name: Invalid value: \"a-very-long-port-name\": must be no more than 15 bytes"
    )]
    [InlineData(
        "{'ports':[{'containerPort':1,'hostPort':80},{'containerPort':2,'hostPort':80}]}",
        "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""
    )]
    [InlineData("{'ports':[{'containerPort':1,'hostPort':80},{'containerPort':2,'hostPort':80,'protocol':'UDP'}]}", "")]
    [InlineData("{'env':[{'name':''}]}", "spec.containers[0].env[0].name: Required value")]
    [InlineData(
        "{'env':[{'name':'a=b'}]}",
        "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of "
            + "printable ASCII characters other than '='"
    )]
    [InlineData("{'env':[{'name':'A.b-c'}]}", "")]
    [InlineData(
        "{'env':[{'name':'A','valueFrom':{}}]}",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`"
    )]
    [InlineData(
        "{'env':[{'name':'A','value':'x','valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}]}",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"
    )]
    [InlineData(
        "{'env':[{'name':'A','valueFrom':{'secretKeyRef':{'name':'s','key':'k'},'configMapKeyRef':{'name':'s','key':'k'}}}]}",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not have more than one field specified at a time"
    )]
    [InlineData(
        "{'env':[{'name':'A','valueFrom':{'secretKeyRef':{'name':'s'}}}]}",
        "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value"
    )]
    [InlineData(
        "{'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'spec.color'}}}]}",
        "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.color\": error converting fieldPath: "
            + "field label not supported: spec.color"
    )]
    [InlineData("{'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.labels[`a`]'}}}]}", "")]
    [InlineData(
        "{'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.gold'}}}]}",
        "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"limits.gold\""
    )]
    [InlineData(
        "{'envFrom':[{'prefix':'x'}]}",
        "spec.containers[0].envFrom[0]: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"
    )]
    [InlineData("{'envFrom':[{'configMapRef':{'name':'c'}}]}", "")]
    [InlineData("{'volumeMounts':[{'name':'w','mountPath':'/x'}]}", "spec.containers[0].volumeMounts[0].name: Not found: \"w\"")]
    [InlineData("{'volumeMounts':[{'name':'v'}]}", "spec.containers[0].volumeMounts[0].mountPath: Required value")]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x'},{'name':'v','mountPath':'/x'}]}",
        "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique"
    )]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','subPath':'/a'}]}",
        "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"/a\": must be a relative path"
    )]
    [InlineData("{'volumeMounts':[{'name':'v','mountPath':'/x','subPath':'a/b'}]}", "")]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','subPathExpr':'/$(A)'}]}",
        "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"/$(A)\": must be a relative path"
    )]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','subPathExpr':'$(A)/../b'}]}",
        "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"$(A)/../b\": must not contain '..'"
    )]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','mountPropagation':'Bidirectional'}]}",
        "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to "
            + "privileged containers"
    )]
    [InlineData(
        "{'securityContext':{'procMount':'Unmasked'}}",
        "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`"
    )]
    [InlineData(
        "{'securityContext':{'procMount':'All'}}",
        "spec.containers[0].securityContext.procMount: Unsupported value: \"All\": supported values: \"Default\", \"Unmasked\""
    )]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','recursiveReadOnly':'Enabled'}]}",
        "spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true"
    )]
    [InlineData(
        "{'volumeMounts':[{'name':'v','mountPath':'/x','mountPropagation':'Up'}]}",
        "spec.containers[0].volumeMounts[0].mountPropagation: Unsupported value: \"Up\""
    )]
    [InlineData("{'livenessProbe':{}}", "spec.containers[0].livenessProbe: Required value: must specify a handler type")]
    [InlineData(
        "{'livenessProbe':{'exec':{'command':['a']},'tcpSocket':{'port':1}}}",
        "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"
    )]
    [InlineData("{'livenessProbe':{'exec':{}}}", "spec.containers[0].livenessProbe.exec.command: Required value")]
    [InlineData(
        "{'livenessProbe':{'httpGet':{'port':0}}}",
        "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"
    )]
    [InlineData(
        "{'livenessProbe':{'httpGet':{'port':'web','scheme':'FTP'}}}",
        "spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: \"FTP\": supported values: \"HTTP\", \"HTTPS\""
    )]
    [InlineData(
        "{'livenessProbe':{'httpGet':{'port':'web','httpHeaders':[{'name':'a b','value':''}]}}}",
        "spec.containers[0].livenessProbe.httpGet.httpHeaders[0].name: Invalid value: \"a b\""
    )]
    [InlineData(
        "{'livenessProbe':{'tcpSocket':{'port':1},'periodSeconds':-1}}",
        "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"
    )]
    [InlineData(
        "{'livenessProbe':{'tcpSocket':{'port':1},'successThreshold':2}}",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"
    )]
    [InlineData("{'readinessProbe':{'tcpSocket':{'port':1},'successThreshold':2}}", "")]
    [InlineData(
        "{'readinessProbe':{'tcpSocket':{'port':1},'terminationGracePeriodSeconds':2}}",
        "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 2: must not be set for readinessProbes"
    )]
    [InlineData("{'lifecycle':{'preStop':{}}}", "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type")]
    [InlineData("{'lifecycle':{'preStop':{'sleep':{'seconds':3}}}}", "")]
    [InlineData(
        "{'resources':{'limits':{'cpu':'-1'}}}",
        "spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"
    )]
    [InlineData(
        "{'resources':{'limits':{'cpu':'1'},'requests':{'cpu':'1500m'}}}",
        "spec.containers[0].resources.requests: Invalid value: \"1500m\": must be less than or equal to cpu limit of 1"
    )]
    [InlineData("{'resources':{'limits':{'cpu':'1'},'requests':{'cpu':'1000m'}}}", "")]
    [InlineData(
        "{'resources':{'requests':{'gold':'1'}}}",
        "spec.containers[0].resources.requests[gold]: Invalid value: \"gold\": must be a standard resource type or fully qualified"
    )]
    [InlineData(
        "{'resources':{'requests':{'example.com/gpu':'1'}}}",
        "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"
    )]
    [InlineData(
        "{'resources':{'limits':{'example.com/gpu':'2'},'requests':{'example.com/gpu':'1'}}}",
        "spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of 2"
    )]
    [InlineData(
        "{'resources':{'limits':{'example.com/gpu':'1500m'}}}",
        "spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"1500m\": must be an integer"
    )]
    [InlineData("{'resources':{'limits':{'example.com/gpu':'1'}}}", "")]
    [InlineData(
        "{'securityContext':{'runAsUser':-1}}",
        "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"
    )]
    [InlineData(
        "{'securityContext':{'privileged':true,'allowPrivilegeEscalation':false}}",
        "spec.containers[0].securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot "
            + "set `allowPrivilegeEscalation` to false and `privileged` to true"
    )]
    [InlineData("{'securityContext':{'runAsUser':1000,'allowPrivilegeEscalation':false}}", "")]
    public void Containers_are_held_to_upstreams_rules(string members, string expected) => Check(expected, WithContainer(members));

    [Theory]
    [InlineData(
        "{'readinessProbe':{'tcpSocket':{'port':1}}}",
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
    )]
    [InlineData("{'restartPolicy':'Always','readinessProbe':{'tcpSocket':{'port':1}}}", "")]
    [InlineData("{'name':'c'}", "spec.containers[0].name: Duplicate value: \"c\"")]
    [InlineData("{'restartPolicy':'Often'}", "spec.initContainers[0].restartPolicy: Unsupported value: \"Often\"")]
    public void Init_containers_are_held_to_upstreams_rules(string members, string expected) =>
        Check(expected, WithContainer(members, "initContainers"));

    [Fact]
    public void With_the_hosts_network_container_ports_are_the_hosts()
    {
        var pod = WithContainer("{'ports':[{'containerPort':80,'hostPort':81}]}");
        Check("", pod);
        pod["spec"]!["hostNetwork"] = true;

        Check("spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true", pod);
    }

    [Theory]
    [InlineData("{'spec':{'containers':[{'name':'c','image':'other'}]}}", "")]
    [InlineData(
        "{'spec':{'containers':[{'name':'c','image':'nginx','command':['x']}]}}",
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    )]
    [InlineData(
        "{'spec':{'containers':[{'name':'c','image':'nginx'},{'name':'d','image':'nginx'}]}}",
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    )]
    [InlineData("{'spec':{'hostNetwork':false}}", "")]
    [InlineData("{'spec':{'nodeName':'m'}}", "spec: Forbidden: pod updates may not change fields other than")]
    [InlineData("{'spec':{'activeDeadlineSeconds':5}}", "")]
    [InlineData(
        "{'spec':{'activeDeadlineSeconds':15}}",
        "spec.activeDeadlineSeconds: Invalid value: 15: must be less than or equal to previous value"
    )]
    [InlineData(
        "{'spec':{'activeDeadlineSeconds':null}}",
        "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"
    )]
    [InlineData("{'spec':{'tolerations':[{'key':'a','operator':'Exists'},{'key':'b','operator':'Exists'}]}}", "")]
    [InlineData(
        "{'spec':{'tolerations':[{'key':'a','operator':'Exists','effect':'NoExecute'}]}}",
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    )]
    [InlineData(
        "{'spec':{'tolerations':[]}}",
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    )]
    [InlineData("{'spec':{'terminationGracePeriodSeconds':1}}", "spec: Forbidden: pod updates may not change fields other than")]
    [InlineData("{'metadata':{'labels':{'a':'b'}}}", "")]
    [InlineData(
        "{'spec':{'schedulingGates':[{'name':'a'}]}}",
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"
    )]
    public void Only_a_few_fields_of_a_pod_may_change(string change, string expected)
    {
        var old = Samples.Created(
            Samples.With(Samples.Pod, "{'spec':{'activeDeadlineSeconds':10,'tolerations':[{'key':'a','operator':'Exists'}]}}")
        );

        var said = Said(Samples.With(old.ToJsonString(), change), old);

        Assert.True(
            expected.Length == 0 ? said.Length == 0 : said.StartsWith(expected, StringComparison.Ordinal),
            $"expected: {expected}\nsaid:     {said}"
        );
    }

    [Fact]
    public void A_refused_change_is_named()
    {
        var old = Samples.Created(Samples.Pod);

        Assert.EndsWith(
            "\n  spec.nodeName\n",
            Said(Samples.With(old.ToJsonString(), "{'spec':{'nodeName':'m'}}"), old),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_negative_grace_period_may_be_mended()
    {
        var old = Samples.Created(Samples.With(Samples.Pod, "{'spec':{'terminationGracePeriodSeconds':-5}}"));

        Assert.Equal("", Said(Samples.With(old.ToJsonString(), "{'spec':{'terminationGracePeriodSeconds':1}}"), old));
    }
}
