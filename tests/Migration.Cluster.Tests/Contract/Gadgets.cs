namespace Migration.Cluster.Tests.Contract;

/// <summary>The custom resource of the contract tests: one field for each thing a structural schema can say.</summary>
public static class Gadgets
{
    public const string DefinitionName = "gadgets.contract.example.com";

    public const string Definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: gadgets.contract.example.com
        spec:
          group: contract.example.com
          scope: Namespaced
          names: {kind: Gadget, listKind: GadgetList, plural: gadgets, singular: gadget, shortNames: [gdt], categories: [contract]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
            additionalPrinterColumns:
            - {name: Size, type: string, jsonPath: .spec.size}
            - {name: Replicas, type: integer, jsonPath: .spec.replicas}
            - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
            - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
            - {name: Phase, type: string, jsonPath: .status.phase, priority: 1}
            schema:
              openAPIV3Schema:
                type: object
                description: A gadget is what the contract tests are about.
                required: [spec]
                properties:
                  apiVersion: {type: string}
                  kind: {type: string}
                  metadata: {type: object}
                  spec:
                    type: object
                    description: What the gadget should be.
                    required: [size]
                    properties:
                      size: {type: string, enum: [small, large], description: How big it is.}
                      replicas: {type: integer, format: int32, default: 1, minimum: 0, maximum: 10}
                      port: {x-kubernetes-int-or-string: true}
                      code: {type: string, pattern: '^[a-z]+$', maxLength: 5}
                      note: {type: string, nullable: true}
                      anything: {type: object, x-kubernetes-preserve-unknown-fields: true}
                      labels: {type: object, additionalProperties: {type: string}}
                      tags: {type: array, x-kubernetes-list-type: set, maxItems: 10, items: {type: string, maxLength: 20}}
                      parts:
                        type: array
                        maxItems: 10
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          required: [name]
                          properties:
                            name: {type: string}
                            count: {type: integer, default: 1}
                            colour: {type: string}
                  status:
                    type: object
                    properties:
                      phase: {type: string}
                      replicas: {type: integer}
                      selector: {type: string}
                      conditions:
                        type: array
                        items: {type: object, required: [type], properties: {type: {type: string}, status: {type: string}}}
          - name: v1alpha1
            served: true
            storage: false
            schema:
              openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
        """;
}
