"""Weight clustering: wrappers that leave a layer few different values, and how to take them off again."""

from __future__ import annotations

import numpy as np

from kwssearch.backend import keras, tfmot
from kwssearch.models.architectures import PRUNABLE


def cluster(model: keras.Model, clusters: int) -> keras.Model:
    """The model with its convolutions and dense layers wrapped for weight clustering, from the weights that it has.

    Han, Mao and Dally, 2016 (Deep compression), section 3, as tfmot does it: k-means++ centroids, which train with the
    weights that are assigned to them. Depthwise kernels, biases and batch normalisation stay as they are.

    Args:
        clusters: how many values a layer's kernel may hold; one with fewer weights holds as many as it has.
    """

    kept = {layer.name for layer in model.layers if not is_clusterable(layer)}

    def wrap(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in kept:
            return layer.__class__.from_config(layer.get_config())
        first = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS
        most = min(clusters, layer.get_weights()[0].size)
        return tfmot.clustering.keras.cluster_weights(layer, number_of_clusters=most, cluster_centroids_init=first)

    wrapped = keras.models.clone_model(model, clone_function=wrap)
    for layer in model.layers:
        if layer.name in kept:
            wrapped.get_layer(layer.name).set_weights(layer.get_weights())
    return wrapped


def is_clusterable(layer: keras.layers.Layer) -> bool:
    """Whether a layer has a kernel of several weights; tfmot refuses to cluster a single one."""
    return type(layer) in PRUNABLE and layer.get_weights()[0].size > 1


def clustered_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The wrappers that tfmot put around layers."""
    return [layer for layer in model.layers if hasattr(layer, "cluster_centroids")]


def strip(model: keras.Model) -> keras.Model:
    """The model without wrappers, its kernels made of their centroids."""
    return tfmot.clustering.keras.strip_clustering(model)


def values_by_layer(model: keras.Model) -> dict[str, int]:
    """How many different values each clustered layer's kernel holds, before anything is folded into it."""
    return {layer.name: len(np.unique(layer.get_weights()[0])) for layer in model.layers if type(layer) in PRUNABLE}
