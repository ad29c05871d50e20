/* The engine's products are those of the gate below it. */
#pragma once

#include "core/tensor/blas.h"
